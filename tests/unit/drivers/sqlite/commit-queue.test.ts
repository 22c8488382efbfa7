import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sqliteDriver } from '../../../../layers/session/server/drivers/sqlite'
import { CommitQueue } from '../../../../layers/session/server/drivers/sqlite/commit-queue'
import { StoreError } from '../../../../layers/session/server/engine/store'
import type { AtomicDriver } from '../../../../layers/session/server/engine/store'
import { A, KEYS, meta } from '../../../support/contract/samples'
import { makeDirectory } from '../../../support/directory'
import { eventually } from '../../../support/eventually'
import { HANG_MS } from '../../../support/limits'

const directory = makeDirectory()

afterEach(directory.remove)

/** For a disk, or another process, that takes too long: what the driver allows. */
const LONGEST_WAIT = 2000
/** A disk that is done at once. */
const flush = async () => {}

describe('CommitQueue', () => {
  let db: DatabaseSync
  let queue: CommitQueue
  const commands: string[] = []

  beforeEach(() => {
    db = new DatabaseSync(directory.path('queue.db'))
    db.exec('CREATE TABLE t (n INTEGER NOT NULL) STRICT')
    queue = new CommitQueue(db, 'queue.db', { flush, longestWait: HANG_MS })
    commands.length = 0
    const exec = db.exec.bind(db)
    vi.spyOn(db, 'exec').mockImplementation((sql) => {
      commands.push(sql)
      exec(sql)
    })
  })

  afterEach(() => db.isOpen && db.close())

  const insert = (n: unknown) => () => Number(db.prepare('INSERT INTO t VALUES (?)').run(n as number).changes)
  const count = () => db.prepare('SELECT count(*) AS n FROM t').get()!.n

  it('commits the writes of one tick together, in order, and answers each its own result', async () => {
    const answers = await Promise.all([queue.add(() => 'a'), queue.add(insert(1)), queue.add(count), queue.add(insert(2)), queue.add(count)])
    expect(answers).toEqual(['a', 1, 1, 1, 2])
    expect(commands).toEqual(['BEGIN IMMEDIATE', 'COMMIT'])
  })

  it('acknowledges nothing before its commit', async () => {
    const order: string[] = []
    const writing = queue.add(() => order.push('write')).then(() => order.push('acknowledged'))
    vi.mocked(db.exec).mockImplementation(sql => void (sql === 'COMMIT' && order.push('commit')))
    await writing
    expect(order).toEqual(['write', 'commit', 'acknowledged'])
  })

  it('writes nothing in the tick that asks', async () => {
    void queue.add(insert(1))
    expect([commands, queue.isIdle]).toEqual([[], false])
    await queue.close()
    expect([count(), queue.isIdle]).toEqual([1, true])
  })

  it('begins a new commit for the next tick', async () => {
    await queue.add(insert(1))
    await queue.add(insert(2))
    expect(commands).toEqual(['BEGIN IMMEDIATE', 'COMMIT', 'BEGIN IMMEDIATE', 'COMMIT'])
  })

  it('rejects with StoreError what cannot be written, and goes on after it', async () => {
    await expect(queue.add(insert(null))).rejects.toBeInstanceOf(StoreError)
    expect(db.isTransaction).toBe(false)
    expect(await queue.add(insert(1))).toBe(1)
  })

  it('rejects all and keeps nothing when the commit itself fails', async () => {
    vi.mocked(db.exec).mockImplementation((sql) => {
      if (sql === 'COMMIT') throw Object.assign(new Error('full'), { errcode: 13 })
      DatabaseSync.prototype.exec.call(db, sql)
    })
    const outcomes = await Promise.allSettled([queue.add(insert(1)), queue.add(insert(2))])
    expect(outcomes).toMatchObject([{ reason: { message: expect.stringContaining('the disk is full') as string } }, { status: 'rejected' }])
    expect(count()).toBe(0)
  })

  it('rejects only the write that failed, with all that it has done, and not those of other visitors in the same tick', async () => {
    const half = () => [insert(7)(), insert(null)()]
    const wrongType = () => db.prepare('INSERT INTO t VALUES (?)').run({} as never)
    const outcomes = await Promise.allSettled([queue.add(insert(1)), queue.add(half), queue.add(insert(3)), queue.add(wrongType), queue.add(count)])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(db.prepare('SELECT n FROM t').all()).toEqual([{ n: 1 }, { n: 3 }])
  })

  it('rejects all, and each once, when the disk fails under one of them', async () => {
    const failing = () => {
      throw Object.assign(new Error('disk I/O error'), { errcode: 10 })
    }
    const outcomes = await Promise.allSettled([queue.add(insert(1)), queue.add(failing), queue.add(insert(3))])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(commands).toEqual(['BEGIN IMMEDIATE', 'ROLLBACK'])
    expect(count()).toBe(0)
  })

  it('goes on after a rollback that failed, too', async () => {
    const broken = vi.mocked(db.exec).mockImplementation((sql) => {
      if (sql !== 'BEGIN IMMEDIATE') throw Object.assign(new Error('disk I/O error'), { errcode: 10 })
      DatabaseSync.prototype.exec.call(db, sql)
    })
    await expect(queue.add(insert(1))).rejects.toMatchObject({ message: expect.stringContaining('disk error') as string })
    broken.mockRestore()
    expect(await queue.add(insert(2))).toBe(1)
    expect(db.prepare('SELECT n FROM t').all()).toEqual([{ n: 2 }])
  })

  it('acknowledges nothing that is committed where nobody will find it', async () => {
    const assertCommitted = () => {
      throw new StoreError('sqlite', 'was deleted')
    }
    const lost = new CommitQueue(db, 'queue.db', { flush, assertCommitted })
    await expect(lost.add(insert(1))).rejects.toThrow('was deleted')
  })
})

describe('a database that another process has locked', () => {
  let driver: AtomicDriver
  let other: DatabaseSync

  beforeEach(async () => {
    driver = sqliteDriver({ path: directory.path('sessions.db') })
    await driver.create(A, 'value', meta())
    other = new DatabaseSync(directory.path('sessions.db'))
    other.exec('BEGIN IMMEDIATE')
  })

  afterEach(async () => {
    other.close()
    await driver.dispose?.()
  })

  /** A queue on a connection of its own, which counts how often it has tried, and whose clock the test moves. */
  function openQueue() {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    const db = new DatabaseSync(directory.path('sessions.db'), { timeout: 1 })
    const attempts = vi.spyOn(db, 'exec')
    const queue = new CommitQueue(db, 'sessions.db', { flush, longestWait: LONGEST_WAIT })
    const write = () => Number(db.prepare('INSERT INTO revocations VALUES (?, 0)').run(randomUUID()).changes)
    return {
      db,
      add: () => queue.add(write),
      /** Sets the clock, and resolves when the queue has looked at it. */
      async waitUntil(now: number) {
        clock.mockReturnValue(now)
        attempts.mockClear()
        await eventually(() => expect(attempts.mock.calls.length).toBeGreaterThan(5))
      },
    }
  }

  it('is waited for', async () => {
    const { db, add, waitUntil } = openQueue()
    const writing = Promise.all([add(), add(), add()])
    await waitUntil(LONGEST_WAIT - 1)
    other.exec('COMMIT')
    expect(await writing).toEqual([1, 1, 1])
    db.close()
  })

  it('is given up after two seconds, with StoreError and nothing written (E12)', async () => {
    const time = vi.spyOn(performance, 'now').mockReturnValue(0)
    const writing = Promise.resolve(driver.create(KEYS[1]!, 'value', meta())).catch((error: Error) => error)
    await new Promise(setImmediate) // It has been tried once.
    time.mockReturnValue(LONGEST_WAIT)
    expect(await writing).toMatchObject({ name: 'StoreError', message: expect.stringContaining('is locked by another process for too long') as string })
    other.exec('COMMIT')
    expect(await driver.read(KEYS[1]!)).toBeNull()
    expect(await driver.create(KEYS[1]!, 'value', meta())).toBe(true)
  })

  it('is waited for at the end, too, and what could not be written then is not acknowledged', async () => {
    const writing = Promise.resolve(driver.create(KEYS[1]!, 'value', meta())).catch(() => 'failed')
    await driver.dispose?.()
    expect(await writing).toBe('failed')
  })

  it('can be read meanwhile', async () => {
    const writing = Promise.resolve(driver.create(KEYS[1]!, 'value', meta())).catch(() => {})
    expect(await driver.read(A)).toMatchObject({ value: 'value' })
    other.exec('COMMIT')
    await writing
  })

  it('can be opened meanwhile', async () => {
    const second = sqliteDriver({ path: directory.path('sessions.db') })
    expect(await second.read(A)).toMatchObject({ value: 'value' })
    other.exec('COMMIT')
    await second.dispose?.()
  })

  it('gives each write its full time', async () => {
    const { db, add, waitUntil } = openQueue()
    const first = add().catch(() => 'failed')
    await waitUntil(LONGEST_WAIT - 1)
    const second = add().catch(() => 'failed')
    await waitUntil(LONGEST_WAIT)
    expect(await first).toBe('failed')
    await waitUntil(2 * LONGEST_WAIT - 2)
    other.exec('COMMIT')
    expect(await second).toBe(1)
    db.close()
  })
})
