import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AtomicDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { StoreError } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { sqliteDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { CommitQueue } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite/commit-queue'
import { A, B, meta } from '../../../support/contract/samples'
import { makeDirectory } from '../../../support/directory'
import { eventually } from '../../../support/eventually'
import { HANG_MS } from '../../../support/limits'

const directory = makeDirectory()

afterEach(directory.remove)

/** The driver's own limit. */
const MAX_WAIT_MS = 2000
/** A disk without a delay. */
const flush = async () => {}

/** An error like those of `node:sqlite`. */
function sqliteError(message: string, errcode: number) {
  return Object.assign(new Error(message), { errcode })
}

describe('CommitQueue', () => {
  let db: DatabaseSync
  let queue: CommitQueue
  const commands: string[] = []

  beforeEach(() => {
    db = new DatabaseSync(directory.path('queue.db'))
    db.exec('CREATE TABLE t (n INTEGER NOT NULL) STRICT')
    queue = new CommitQueue(db, 'queue.db', { flush, maxWait: HANG_MS })
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
  const rows = () => db.prepare('SELECT n FROM t').all()

  it('commits the writes of one event loop turn together, in order, and returns the result of each', async () => {
    const writes = [() => 'a', insert(1), count, insert(2), count]
    const results = await Promise.all(writes.map(write => queue.add<unknown>(write)))
    expect(results).toEqual(['a', 1, 1, 1, 2])
    expect(commands).toEqual(['BEGIN IMMEDIATE', 'COMMIT'])
  })

  it('acknowledges a write only after its commit', async () => {
    const order: string[] = []
    const writing = queue.add(() => order.push('write')).then(() => order.push('acknowledged'))
    vi.mocked(db.exec).mockImplementation((sql) => {
      if (sql === 'COMMIT') order.push('commit')
    })
    await writing
    expect(order).toEqual(['write', 'commit', 'acknowledged'])
  })

  it('writes nothing synchronously', async () => {
    void queue.add(insert(1))
    expect([commands, queue.isIdle]).toEqual([[], false])
    await queue.close()
    expect([count(), queue.isIdle]).toEqual([1, true])
  })

  it('commits the writes of the next turn separately', async () => {
    await queue.add(insert(1))
    await queue.add(insert(2))
    expect(commands).toEqual(['BEGIN IMMEDIATE', 'COMMIT', 'BEGIN IMMEDIATE', 'COMMIT'])
  })

  it('rejects a write that fails with StoreError, and continues', async () => {
    await expect(queue.add(insert(null))).rejects.toBeInstanceOf(StoreError)
    expect(db.isTransaction).toBe(false)
    expect(await queue.add(insert(1))).toBe(1)
  })

  it('rejects all writes and stores none if the commit fails', async () => {
    vi.mocked(db.exec).mockImplementation((sql) => {
      if (sql === 'COMMIT') throw sqliteError('full', 13)
      DatabaseSync.prototype.exec.call(db, sql)
    })
    const outcomes = await Promise.allSettled([queue.add(insert(1)), queue.add(insert(2))])
    const message = expect.stringContaining('the disk is full') as string
    expect(outcomes).toMatchObject([{ reason: { message } }, { status: 'rejected' }])
    expect(count()).toBe(0)
  })

  it('undoes and rejects only the write that fails, not the others of the same turn', async () => {
    const failsHalfway = () => [insert(7)(), insert(null)()]
    const hasWrongType = () => db.prepare('INSERT INTO t VALUES (?)').run({} as never)
    const writes = [insert(1), failsHalfway, insert(3), hasWrongType, count]
    const outcomes = await Promise.allSettled(writes.map(write => queue.add<unknown>(write)))
    const statuses = outcomes.map(({ status }) => status)
    expect(statuses).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
    expect(rows()).toEqual([{ n: 1 }, { n: 3 }])
  })

  it('rejects all writes, each once, if the disk fails during one of them', async () => {
    const fails = () => {
      throw sqliteError('disk I/O error', 10)
    }
    const outcomes = await Promise.allSettled([queue.add(insert(1)), queue.add(fails), queue.add(insert(3))])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(commands).toEqual(['BEGIN IMMEDIATE', 'ROLLBACK'])
    expect(count()).toBe(0)
  })

  it('continues after a rollback that failed', async () => {
    const failing = vi.mocked(db.exec).mockImplementation((sql) => {
      if (sql !== 'BEGIN IMMEDIATE') throw sqliteError('disk I/O error', 10)
      DatabaseSync.prototype.exec.call(db, sql)
    })
    const message = expect.stringContaining('disk error') as string
    await expect(queue.add(insert(1))).rejects.toMatchObject({ message })
    failing.mockRestore()
    expect(await queue.add(insert(2))).toBe(1)
    expect(rows()).toEqual([{ n: 2 }])
  })

  it('acknowledges no write that is committed to a file which will not be read', async () => {
    const assertCommitted = () => {
      throw new StoreError('sqlite', 'was deleted')
    }
    const deleted = new CommitQueue(db, 'queue.db', { flush, assertCommitted })
    await expect(deleted.add(insert(1))).rejects.toThrow('was deleted')
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

  /** A queue with its own connection, whose attempts are counted and whose clock the test controls. */
  function openQueue() {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    const db = new DatabaseSync(directory.path('sessions.db'), { timeout: 1 })
    const attempts = vi.spyOn(db, 'exec')
    const queue = new CommitQueue(db, 'sessions.db', { flush, maxWait: MAX_WAIT_MS })
    const write = () => Number(db.prepare('INSERT INTO revocations VALUES (?, 0)').run(randomUUID()).changes)
    return {
      db,
      add: () => queue.add(write),
      /** Sets the clock, and resolves when the queue has tried again since then. */
      async waitUntil(now: number) {
        clock.mockReturnValue(now)
        attempts.mockClear()
        await eventually(() => expect(attempts.mock.calls.length).toBeGreaterThan(5))
      },
    }
  }

  it('is written to as soon as the lock is released', async () => {
    const { db, add, waitUntil } = openQueue()
    const writing = Promise.all([add(), add(), add()])
    await waitUntil(MAX_WAIT_MS - 1)
    other.exec('COMMIT')
    expect(await writing).toEqual([1, 1, 1])
    db.close()
  })

  it('rejects a write after two seconds with StoreError, and stores nothing of it', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0)
    const writing = Promise.resolve(driver.create(B, 'value', meta())).catch((error: Error) => error)
    await new Promise(setImmediate) // Now there has been one attempt.
    clock.mockReturnValue(MAX_WAIT_MS)
    const message = expect.stringContaining('is locked by another process for too long') as string
    expect(await writing).toMatchObject({ name: 'StoreError', message })
    other.exec('COMMIT')
    expect(await driver.read(B)).toBeNull()
    expect(await driver.create(B, 'value', meta())).toBe(true)
  })

  it('is waited for on dispose as well, and what could not be written is not acknowledged', async () => {
    const writing = Promise.resolve(driver.create(B, 'value', meta())).catch(() => 'failed')
    await driver.dispose?.()
    expect(await writing).toBe('failed')
  })

  it('can be read while it is locked', async () => {
    const writing = Promise.resolve(driver.create(B, 'value', meta())).catch(() => {})
    expect(await driver.read(A)).toMatchObject({ value: 'value' })
    other.exec('COMMIT')
    await writing
  })

  it('can be opened while it is locked', async () => {
    const second = sqliteDriver({ path: directory.path('sessions.db') })
    expect(await second.read(A)).toMatchObject({ value: 'value' })
    other.exec('COMMIT')
    await second.dispose?.()
  })

  it('is waited for the full time by each write', async () => {
    const { db, add, waitUntil } = openQueue()
    const first = add().catch(() => 'failed')
    await waitUntil(MAX_WAIT_MS - 1)
    const second = add().catch(() => 'failed')
    await waitUntil(MAX_WAIT_MS)
    expect(await first).toBe('failed')
    await waitUntil(2 * MAX_WAIT_MS - 2)
    other.exec('COMMIT')
    expect(await second).toBe(1)
    db.close()
  })
})
