import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreError } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { CommitQueue } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite/commit-queue'
import { makeDirectory } from '../../../support/directory'
import { eventually } from '../../../support/eventually'
import { HANG_MS } from '../../../support/limits'

const MAX_WAIT_MS = 2000
const FLUSH_FAILED = '[cloakroom] [store:sqlite] Could not flush queue.db to disk; the most recent writes may be lost. '
  + 'Writes are disabled until restart. Check the disk, then restart the server'
const FLUSH_TOO_SLOW = '[cloakroom] [store:sqlite] queue.db could not be flushed to disk in time. '
  + 'Check whether its disk is overloaded or broken'
const eio = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
const directory = makeDirectory()

describe('CommitQueue with a slow or failing disk', () => {
  let db: DatabaseSync
  let queue: CommitQueue
  /** The flushes that have started, each with what was committed at that time. */
  let flushes: (PromiseWithResolvers<undefined> & { committed: unknown[] })[]
  const log: string[] = []

  beforeEach(() => {
    db = new DatabaseSync(directory.path('queue.db'))
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER) STRICT')
    flushes = []
    log.length = 0
    queue = openQueue(10 * HANG_MS)
  })

  function openQueue(maxWait: number) {
    const flush = () => {
      const deferred = Promise.withResolvers<undefined>()
      flushes.push({ ...deferred, committed: db.isTransaction ? [] : all() })
      return deferred.promise
    }
    return new CommitQueue(db, 'queue.db', { maxWait, flush })
  }

  afterEach(() => {
    vi.useRealTimers()
    db.close()
    directory.remove()
  })

  const all = () => db.prepare('SELECT n FROM t').all().map(({ n }) => n)
  const flushStarted = (count: number) => eventually(() => expect(flushes.length).toBeGreaterThanOrEqual(count))

  /** Adds a write, and logs whether it was acknowledged. */
  async function insert(n: number) {
    try {
      await queue.add(() => {
        db.prepare('INSERT INTO t VALUES (?)').run(n)
      })
      log.push(`${n} acknowledged`)
    }
    catch (error) {
      log.push(`${n}: ${(error as Error).message}`)
    }
  }

  it('acknowledges a write only after a flush that started after its commit', async () => {
    const writing = insert(1)
    await flushStarted(1)
    expect([flushes[0]!.committed, log]).toEqual([[1], []])
    flushes[0]!.resolve(undefined)
    await writing
    expect(log).toEqual(['1 acknowledged'])
  })

  it('collects the writes that arrive during a flush, and flushes them together', async () => {
    const first = insert(1)
    await flushStarted(1)
    const later = [insert(2), insert(3)]
    await turns(5)
    expect([all(), flushes.length]).toEqual([[1], 1])
    flushes[0]!.resolve(undefined)
    await first
    await flushStarted(2)
    expect([flushes[1]!.committed, log]).toEqual([[1, 2, 3], ['1 acknowledged']])
    flushes[1]!.resolve(undefined)
    await Promise.all(later)
    expect(log).toEqual(['1 acknowledged', '2 acknowledged', '3 acknowledged'])
    expect([flushes.length, queue.isIdle]).toEqual([2, true])
  })

  it('lets other connections read and write during a flush', async () => {
    const writing = insert(1)
    await flushStarted(1)
    const other = new DatabaseSync(directory.path('queue.db'))
    other.exec('INSERT INTO t VALUES (7)')
    expect(other.prepare('SELECT n FROM t').all()).toEqual([{ n: 1 }, { n: 7 }])
    other.close()
    flushes[0]!.resolve(undefined)
    await writing
  })

  it('rejects the writes of a failed flush, all that wait for it, and all later ones', async () => {
    const writes = [insert(1)]
    await flushStarted(1)
    writes.push(insert(2))
    flushes[0]!.reject(eio)
    await Promise.all(writes)
    await insert(3)
    expect(log.toSorted()).toEqual([`1: ${FLUSH_FAILED}`, `2: ${FLUSH_FAILED}`, `3: ${FLUSH_FAILED}`])
    await turns(5)
    expect([all(), flushes.length, queue.isIdle]).toEqual([[1], 1, true])
    await expect(queue.add(() => 1)).rejects.toMatchObject({ name: 'StoreError', cause: eio })
  })

  it('continues after a commit to a file that was moved, because the disk has not failed', async () => {
    const assertCommitted = vi.fn(() => {}).mockImplementationOnce(() => {
      throw new StoreError('sqlite', 'was moved')
    })
    const moved = new CommitQueue(db, 'queue.db', { flush: async () => {}, assertCommitted })
    await expect(moved.add(() => 1)).rejects.toThrow('was moved')
    expect(await moved.add(() => 2)).toBe(2)
  })

  it('checks the file after the flush and before the acknowledgement', async () => {
    const order: string[] = []
    const flush = async () => {
      order.push('flushed')
    }
    const checking = new CommitQueue(db, 'queue.db', { flush, assertCommitted: () => order.push('checked') })
    await checking.add(() => {})
    order.push('acknowledged')
    expect(order).toEqual(['flushed', 'checked', 'acknowledged'])
  })

  it('rejects the waiting writes if the disk does not respond in time, and continues when it responds', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    queue = openQueue(MAX_WAIT_MS)
    const writes = [insert(1)]
    await flushStarted(1)
    writes.push(insert(2))
    vi.advanceTimersByTime(MAX_WAIT_MS)
    await Promise.all(writes)
    expect(log.toSorted()).toEqual([`1: ${FLUSH_TOO_SLOW}`, `2: ${FLUSH_TOO_SLOW}`])
    const third = insert(3)
    flushes[0]!.resolve(undefined)
    await flushStarted(2)
    flushes[1]!.resolve(undefined)
    await third
    expect([log.at(-1), all()]).toEqual(['3 acknowledged', [1, 3]]) // The second write never started.
  })

  it('closes after the flush in progress and the flush of the writes that wait for it', async () => {
    void insert(1)
    await flushStarted(1)
    void insert(2)
    const closing = queue.close().then(() => log.push('closed'))
    flushes[0]!.resolve(undefined)
    await flushStarted(2)
    expect(log).toEqual(['1 acknowledged'])
    flushes[1]!.resolve(undefined)
    await closing
    expect(log).toEqual(['1 acknowledged', '2 acknowledged', 'closed'])
  })

  it('closes after a flush that failed', async () => {
    void insert(1)
    await flushStarted(1)
    const closing = queue.close()
    flushes[0]!.reject(eio)
    await closing
    expect([log, queue.isIdle]).toEqual([[`1: ${FLUSH_FAILED}`], true])
  })

  async function turns(count: number) {
    for (let index = 0; index < count; index++) await nextTurn()
  }
})
