import { resolve } from 'node:path'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { AtomicDriver, EndReason, ListedRecord, StoredRecord } from '../engine/store'
import { REVOCATION_LIFETIME } from '../engine/store'
import { bury } from './sqlite/bury'
import { CommitQueue } from './sqlite/commit-queue'
import type { OpenOptions } from './sqlite/database'
import { openDatabase } from './sqlite/database'
import { enrol } from './sqlite/enrol'
import { BUSY, resultCode, sqliteFailure } from './sqlite/failure'
import { sqliteNews } from './sqlite/news'

/** Each waits a millisecond for a lock. */
const READ_ATTEMPTS = 20

export interface SqliteDriverOptions extends OpenOptions {
  /** The database file; made with its folder if it is not there. */
  readonly path: string
}

/**
 * The embedded default: one SQLite file that outlives restarts and crashes, and that several processes of one machine may share.
 *
 * A write is acknowledged when it is on disk, and reads wait for no disk. So a read may see a write some milliseconds before that, which a power cut could still
 * undo. When the disk fails to keep what was written, nothing more is written until the file is opened anew; reads go on.
 *
 * @throws StoreError when the file cannot be opened, is damaged (unless `onCorrupt` says otherwise), or is not a session database
 */
export function sqliteDriver(options: SqliteDriverOptions): AtomicDriver {
  const path = resolve(options.path)
  const { db, sql, wal, files } = openDatabase(path, options)
  const queue = new CommitQueue(db, path, { flush: () => wal.flush(), assertCommitted: () => files.assert() })
  const run = (statement: StatementSync, ...values: SQLInputValue[]) => Number(statement.run(...values).changes)
  const write = (statement: StatementSync, ...values: SQLInputValue[]) => queue.add(() => run(statement, ...values))

  /** A reader meets a lock only while another process opens, closes or repairs the file. */
  function ask<Result>(question: () => Result): Result {
    files.assertNowAndThen()
    for (let attempt = 1; ; attempt++) {
      try {
        return question()
      }
      catch (error) {
        if (resultCode(error) !== BUSY || attempt === READ_ATTEMPTS) throw sqliteFailure(path, error)
      }
    }
  }

  /** One row, as an array of columns. */
  const askOne = <Row extends unknown[]>(statement: StatementSync, ...values: SQLInputValue[]) => ask(() => statement.get(...values) as Row | undefined)
  const askAll = <Row extends unknown[]>(statement: StatementSync, ...values: SQLInputValue[]) => ask(() => statement.all(...values) as unknown as Row[])

  return {
    name: 'session-sqlite',
    listen: sqliteNews(db, ask),
    atomicity: 'cross-process',
    hasDeadline: true,
    read(key) {
      const row = askOne<Row>(sql.read, key)
      return row ? stored(row) : null
    },
    async create(key, value, { owner, createdAt, lastSeenAt, idleTimeout, expiresAt }) {
      return await write(sql.create, key, owner, createdAt, lastSeenAt, idleTimeout, expiresAt, value) === 1
    },
    replace(key, value, { lastSeenAt, idleTimeout, expiresAt }, expectedVersion) {
      return queue.add(() => {
        if (run(sql.replace, value, lastSeenAt, idleTimeout, expiresAt, key, expectedVersion) === 1) return 'replaced'
        return sql.version.get(key) ? 'conflict' : 'gone'
      })
    },
    enrol: (key, value, meta, guard, expectedVersion) => queue.add(() => enrol(sql, key, value, meta, guard, expectedVersion)),
    async touch(key, lastSeenAt) {
      return await write(sql.touch, lastSeenAt, key, lastSeenAt) === 1
    },
    remove: (key, removedAt, reason) => queue.add(() => bury(sql, key, removedAt, reason)),
    endOf(key) {
      const row = askOne<[reason: EndReason, at: number]>(sql.endOf, key)
      return row ? { reason: row[0], at: row[1] } : null
    },
    removeByOwner: (owner, removedAt, except) => queue.add(() => {
      run(sql.revoke, owner, removedAt)
      const keys = (sql.listByOwner.all(owner) as unknown as ListedRow[]).map(([key]) => key)
      return keys.filter(key => key !== except && bury(sql, key, removedAt, 'revoked'))
    }),
    listByOwner: owner => askAll<ListedRow>(sql.listByOwner, owner).map(listed),
    sweep: (now, limit) => queue.add(() => {
      run(sql.forgetRevocations, now - REVOCATION_LIFETIME)
      return run(sql.sweep, now, limit)
    }),
    trimAnonymous: (max, limit) => queue.add(() => {
      const [count] = sql.countAnonymous.get(max + limit) as unknown as [number]
      return count > max ? run(sql.trimAnonymous, count - max) : 0
    }),
    getItem: key => askOne<Row>(sql.read, key)?.[0] ?? null,
    hasItem: key => askOne(sql.version, key) !== undefined,
    setItem: async (key, value) => void await write(sql.put, key, value),
    removeItem: async key => void await write(sql.delete, key),
    getKeys: (base = '') => askAll<[string]>(sql.keys, base, base).map(([key]) => key),
    clear: async (base = '') => void await write(sql.clear, base, base),
    /** At once, if nothing is being written. */
    async dispose() {
      if (!queue.isIdle) await queue.close()
      if (!db.isOpen) return
      wal.close()
      db.close()
    },
  }
}

type Row = [value: string, version: number, lastSeenAt: number]
type ListedRow = [key: string, ...Row]

function stored([value, version, lastSeenAt]: Row): StoredRecord {
  return { value, version, lastSeenAt }
}

function listed([key, ...row]: ListedRow): ListedRecord {
  return { key, ...stored(row) }
}
