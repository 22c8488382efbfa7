import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CommitQueue } from '../../../../layers/session/server/drivers/sqlite/commit-queue'
import { StoreError } from '../../../../layers/session/server/engine/store'
import { makeDirectory } from '../../../support/directory'
import { HANG_MS } from '../../../support/limits'
import { eventually } from '../../../support/eventually'

const LONGEST_WAIT = 2000
const LOST = '[session] [store:sqlite] queue.db could not be brought to disk, and what was last written may be lost. To be safe nothing more is written. See to the disk, then restart the server'
const TOO_LATE = '[session] [store:sqlite] queue.db is not brought to disk in time. Is its disk overloaded, or out of order?'
const eio = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
const directory = makeDirectory()

describe('a commit queue whose disk takes its time', () => {
  let db: DatabaseSync
  let queue: CommitQueue
  /** The flushes that have begun, each with what was committed by then. */
  let flushes: (PromiseWithResolvers<undefined> & { committed: unknown[] })[]
  const log: string[] = []

  beforeEach(() => {
    db = new DatabaseSync(directory.path('queue.db'))
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER) STRICT')
    flushes = []
    log.length = 0
    queue = openQueue(10 * HANG_MS)
  })

  function openQueue(longestWait: number) {
    return new CommitQueue(db, 'queue.db', { longestWait, flush: () => {
      const flush = Promise.withResolvers<undefined>()
      flushes.push({ ...flush, committed: db.isTransaction ? [] : all() })
      return flush.promise
    } })
  }

  afterEach(() => {
    vi.useRealTimers()
    db.close()
    directory.remove()
  })

  const all = () => db.prepare('SELECT n FROM t').all().map(({ n }) => n)
  /** What becomes of the write goes into the log. */
  const insert = (n: number) => queue.add(() => void db.prepare('INSERT INTO t VALUES (?)').run(n))
    .then(() => log.push(`${n} acknowledged`), (error: Error) => log.push(`${n}: ${error.message}`))
  const begun = (number: number) => eventually(() => expect(flushes.length).toBeGreaterThanOrEqual(number))

  it('acknowledges a write only after the flush that began after its commit', async () => {
    const writing = insert(1)
    await begun(1)
    expect([flushes[0]!.committed, log]).toEqual([[1], []])
    flushes[0]!.resolve(undefined)
    await writing
    expect(log).toEqual(['1 acknowledged'])
  })

  it('holds what comes during a flush, and then flushes it together', async () => {
    const first = insert(1)
    await begun(1)
    const later = [insert(2), insert(3)]
    await turns(5)
    expect([all(), flushes.length]).toEqual([[1], 1])
    flushes[0]!.resolve(undefined)
    await first
    await begun(2)
    expect([flushes[1]!.committed, log]).toEqual([[1, 2, 3], ['1 acknowledged']])
    flushes[1]!.resolve(undefined)
    await Promise.all(later)
    expect([log, flushes.length, queue.isIdle]).toEqual([['1 acknowledged', '2 acknowledged', '3 acknowledged'], 2, true])
  })

  it('lets others read and write meanwhile: a flush holds no lock', async () => {
    const writing = insert(1)
    await begun(1)
    const other = new DatabaseSync(directory.path('queue.db'))
    other.exec('INSERT INTO t VALUES (7)')
    expect(other.prepare('SELECT n FROM t').all()).toEqual([{ n: 1 }, { n: 7 }])
    other.close()
    flushes[0]!.resolve(undefined)
    await writing
  })

  it('rejects what a flush fails to bring to disk, and what waits for it, and writes nothing any more', async () => {
    const writes = [insert(1)]
    await begun(1)
    writes.push(insert(2))
    flushes[0]!.reject(eio)
    await Promise.all(writes)
    await insert(3)
    expect(log.toSorted()).toEqual([`1: ${LOST}`, `2: ${LOST}`, `3: ${LOST}`])
    await turns(5)
    expect([all(), flushes.length, queue.isIdle]).toEqual([[1], 1, true])
    await expect(queue.add(() => 1)).rejects.toMatchObject({ name: 'StoreError', cause: eio })
  })

  it('goes on after a commit that was not where it belongs: that is not the disk\'s fault', async () => {
    const assertCommitted = vi.fn(() => {}).mockImplementationOnce(() => {
      throw new StoreError('sqlite', 'was moved')
    })
    const moved = new CommitQueue(db, 'queue.db', { flush: async () => {}, assertCommitted })
    await expect(moved.add(() => 1)).rejects.toThrow('was moved')
    expect(await moved.add(() => 2)).toBe(2)
  })

  it('looks where the commit is after the flush, right before it is acknowledged', async () => {
    const order: string[] = []
    const looking = new CommitQueue(db, 'queue.db', { flush: async () => void order.push('flushed'), assertCommitted: () => order.push('looked') })
    await looking.add(() => {})
    expect(order).toEqual(['flushed', 'looked'])
  })

  it('tells who waits for a disk that does not answer, and goes on when it does', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    queue = openQueue(LONGEST_WAIT)
    const writes = [insert(1)]
    await begun(1)
    writes.push(insert(2))
    vi.advanceTimersByTime(LONGEST_WAIT)
    await Promise.all(writes)
    expect(log.toSorted()).toEqual([`1: ${TOO_LATE}`, `2: ${TOO_LATE}`])
    const third = insert(3)
    flushes[0]!.resolve(undefined)
    await begun(2)
    flushes[1]!.resolve(undefined)
    await third
    expect([log.at(-1), all()]).toEqual(['3 acknowledged', [1, 3]]) // The second was never begun.
  })

  it('is closed when the flush under way has ended and what waited for it is on disk too', async () => {
    void insert(1)
    await begun(1)
    void insert(2)
    const closed = queue.close().then(() => log.push('closed'))
    flushes[0]!.resolve(undefined)
    await begun(2)
    expect(log).toEqual(['1 acknowledged'])
    flushes[1]!.resolve(undefined)
    await closed
    expect(log).toEqual(['1 acknowledged', '2 acknowledged', 'closed'])
  })

  it('is closed after a flush that failed, too', async () => {
    void insert(1)
    await begun(1)
    const closed = queue.close()
    flushes[0]!.reject(eio)
    await closed
    expect([log, queue.isIdle]).toEqual([[`1: ${LOST}`], true])
  })

  /** As many turns of the event loop. */
  async function turns(number: number) {
    for (let turn = 0; turn < number; turn++) await nextTurn()
  }
})
