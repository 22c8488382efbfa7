import { resolve } from 'node:path'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { SessionEndReason } from '../../shared/types/session'
import type { AtomicDriver, ListedRecord, StoredRecord } from '../sessions/store'
import { REVOCATION_LIFETIME_MS } from '../sessions/store'
import { sqliteChanges } from './sqlite/changes'
import { CommitQueue } from './sqlite/commit-queue'
import type { OpenOptions } from './sqlite/database'
import { openDatabase } from './sqlite/database'
import { BUSY, resultCode, sqliteFailure } from './sqlite/failure'
import { assignUser, writeTombstone } from './sqlite/statements'

/** Each attempt waits a millisecond for a lock. */
const MAX_READ_ATTEMPTS = 20
/** Reads check the files this often, because each check costs three system calls. */
const FILE_CHECK_INTERVAL_MS = 250

export interface SqliteDriverOptions extends OpenOptions {
  /** The database file. It is created, with its folder, if it does not exist. */
  readonly path: string
}

type Row = [value: string, version: number, lastSeenAt: number]
type ListedRow = [key: string, ...Row]
type TombstoneRow = [reason: SessionEndReason, removedAt: number, secretTag: string | null]

/**
 * The embedded default: one SQLite file that survives restarts and crashes, and that several processes of one machine
 * may share.
 *
 * A write is acknowledged when it is on disk, and reads wait for no disk. So a read may see a write a few milliseconds
 * before that, and a power cut could still undo it. After the disk fails to store a write, no more is written until the
 * file is opened again; reads continue.
 *
 * @throws StoreError if the file cannot be opened, is damaged (unless `onCorrupt` says otherwise), or is not a session
 * database
 */
export function sqliteDriver(options: SqliteDriverOptions): AtomicDriver {
  const path = resolve(options.path)
  const { db, sql, wal, files } = openDatabase(path, options)
  let filesCheckedAt = performance.now()
  const checkFiles = () => {
    files.assertUnchanged() // If it throws, the time stays, so that the next read checks again and fails as well.
    filesCheckedAt = performance.now()
  }
  const queue = new CommitQueue(db, path, { flush: () => wal.flush(), assertCommitted: checkFiles })
  const run = (statement: StatementSync, ...values: SQLInputValue[]) => Number(statement.run(...values).changes)
  const write = (statement: StatementSync, ...values: SQLInputValue[]) => queue.add(() => run(statement, ...values))

  /** A reader meets a lock only while another process opens, closes or repairs the file. */
  function read<Result>(query: () => Result): Result {
    if (performance.now() - filesCheckedAt > FILE_CHECK_INTERVAL_MS) checkFiles()
    for (let attempt = 1; ; attempt++) {
      try {
        return query()
      }
      catch (error) {
        if (resultCode(error) !== BUSY || attempt === MAX_READ_ATTEMPTS) throw sqliteFailure(path, error)
      }
    }
  }

  const readOne = <Columns extends unknown[]>(statement: StatementSync, ...values: SQLInputValue[]) =>
    read(() => statement.get(...values) as Columns | undefined)
  const readAll = <Columns extends unknown[]>(statement: StatementSync, ...values: SQLInputValue[]) =>
    read(() => statement.all(...values) as unknown as Columns[])

  return {
    name: 'session-sqlite',
    atomicity: 'cross-process',
    hasDeadline: true,
    subscribe: sqliteChanges(db, read),
    read(key) {
      const row = readOne<Row>(sql.read, key)
      return row ? toRecord(row) : null
    },
    async create(key, value, { userId, createdAt, lastSeenAt, idleTimeout, expiresAt, secretTag = null }) {
      const values = [createdAt, lastSeenAt, idleTimeout, expiresAt, value, secretTag]
      return await write(sql.create, key, userId, ...values) === 1
    },
    replace: (key, value, meta, expectedVersion) => queue.add(() => {
      const { lastSeenAt, idleTimeout, expiresAt, secretTag = null } = meta
      const values = [value, lastSeenAt, idleTimeout, expiresAt, secretTag]
      if (run(sql.replace, ...values, key, expectedVersion) === 1) return 'replaced'
      return sql.version.get(key) ? 'conflict' : 'gone'
    }),
    assignUser: (...args) => queue.add(() => assignUser(sql, ...args)),
    async touch(key, lastSeenAt) {
      return await write(sql.touch, lastSeenAt, key, lastSeenAt) === 1
    },
    remove: (...args) => queue.add(() => writeTombstone(sql, ...args)),
    readTombstone(key) {
      const row = readOne<TombstoneRow>(sql.tombstone, key)
      if (!row) return null
      const [reason, removedAt, secretTag] = row
      return { reason, removedAt, ...(secretTag !== null && { secretTag }) }
    },
    removeByUser: (userId, removedAt, except) => queue.add(() => {
      run(sql.revoke, userId, removedAt)
      const keys = (sql.listByUser.all(userId) as unknown as ListedRow[]).map(([key]) => key)
      return keys.filter(key => key !== except && writeTombstone(sql, key, removedAt, 'revoked'))
    }),
    listByUser: userId => readAll<ListedRow>(sql.listByUser, userId).map(toListedRecord),
    sweep: (now, limit) => queue.add(() => {
      run(sql.forgetRevocations, now - REVOCATION_LIFETIME_MS)
      return run(sql.sweep, now, limit)
    }),
    trimAnonymous: (max, limit) => queue.add(() => {
      const [count] = sql.countAnonymous.get(max + limit) as unknown as [number]
      return count > max ? run(sql.trimAnonymous, count - max) : 0
    }),
    getItem: key => readOne<Row>(sql.read, key)?.[0] ?? null,
    hasItem: key => readOne(sql.version, key) !== undefined,
    async setItem(key, value) {
      await write(sql.put, key, value)
    },
    async removeItem(key) {
      await write(sql.delete, key)
    },
    getKeys: (base = '') => readAll<[string]>(sql.keys, base, base).map(([key]) => key),
    async clear(base = '') {
      await write(sql.clear, base, base)
    },
    /** Synchronously, if no write is in progress. */
    async dispose() {
      if (!queue.isIdle) await queue.close()
      if (!db.isOpen) return
      wal.close()
      db.close()
    },
  }
}

function toRecord([value, version, lastSeenAt]: Row): StoredRecord {
  return { value, version, lastSeenAt }
}

function toListedRecord([key, ...row]: ListedRow): ListedRecord {
  return { key, ...toRecord(row) }
}
