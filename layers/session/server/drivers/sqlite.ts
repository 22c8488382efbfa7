import { resolve } from 'node:path'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { AtomicDriver, ListedRecord, StoredRecord } from '../engine/store'
import { TOMBSTONE_LIFETIME } from '../engine/store'
import { CommitQueue } from './sqlite/commit-queue'
import { openDatabase } from './sqlite/database'
import { sqliteFailure } from './sqlite/failure'

const NEVER = Number.MAX_SAFE_INTEGER

export interface SqliteDriverOptions {
  /** The database file; made with its folder if it is not there. */
  readonly path: string
}

/**
 * The embedded default: one SQLite file that outlives restarts and crashes, and that several processes of one machine may share.
 *
 * @throws StoreError when the file cannot be opened, is damaged, or is not a session database
 */
export function sqliteDriver(options: SqliteDriverOptions): AtomicDriver {
  const path = resolve(options.path)
  const db = openDatabase(path)
  const queue = new CommitQueue(db, path)
  const sql = prepareStatements(db)
  const write = (statement: StatementSync, ...values: SQLInputValue[]) => queue.add(() => Number(statement.run(...values).changes))

  function ask<T>(question: () => T): T {
    try {
      return question()
    }
    catch (error) {
      throw sqliteFailure(path, error)
    }
  }

  return {
    name: 'session-sqlite',
    atomicity: 'cross-process',
    read(key) {
      const row = ask(() => sql.read.get(key)) as Row | undefined
      return row ? stored(row) : null
    },
    async create(key, value, { owner, createdAt, lastSeenAt, idleTimeout, expiresAt }) {
      return await write(sql.create, key, owner, createdAt, lastSeenAt, idleTimeout, expiresAt, value) === 1
    },
    replace(key, value, { owner, lastSeenAt, idleTimeout, expiresAt }, expectedVersion) {
      return queue.add(() => {
        const { changes } = sql.replace.run(value, owner, lastSeenAt, idleTimeout, expiresAt, key, expectedVersion)
        if (changes === 1) return 'replaced'
        return sql.has.get(key) ? 'conflict' : 'gone'
      })
    },
    async touch(key, lastSeenAt) {
      return await write(sql.touch, lastSeenAt, key, lastSeenAt) === 1
    },
    async remove(key, removedAt) {
      return await write(sql.remove, removedAt, removedAt + TOMBSTONE_LIFETIME, key) === 1
    },
    listByOwner: owner => ask(() => sql.listByOwner.all(owner) as unknown as ListedRow[]).map(listed),
    sweep: (now, limit) => write(sql.sweep, now, limit),
    getItem: key => ask(() => sql.read.get(key) as Row | undefined)?.[0] ?? null,
    hasItem: key => ask(() => sql.has.get(key)) !== undefined,
    setItem: async (key, value) => void await write(sql.put, key, 0, 0, NEVER, NEVER, value),
    removeItem: async key => void await write(sql.delete, key),
    getKeys: base => ask(() => sql.keys.all(base, base) as unknown as [string][]).map(([key]) => key),
    clear: async base => void await write(sql.clear, base, base),
    dispose() {
      if (!db.isOpen) return
      queue.flush()
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

function prepareStatements(db: DatabaseSync) {
  // Rows as arrays: half the time of rows as objects.
  const query = (text: string) => {
    const statement = db.prepare(text)
    statement.setReturnArrays(true)
    return statement
  }
  return {
    read: query('SELECT value, version, last_seen_at FROM sessions WHERE key = ? AND value IS NOT NULL'),
    has: query('SELECT 1 FROM sessions WHERE key = ? AND value IS NOT NULL'),
    listByOwner: query('SELECT key, value, version, last_seen_at FROM sessions WHERE owner = ? ORDER BY created_at DESC'),
    keys: query('SELECT key FROM sessions WHERE substr(key, 1, length(?)) = ? AND value IS NOT NULL'),
    create: db.prepare(`
      INSERT INTO sessions (key, version, owner, created_at, last_seen_at, idle_timeout, expires_at, value)
      VALUES (?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
    replace: db.prepare(`
      UPDATE sessions SET value = ?, owner = ?, last_seen_at = max(last_seen_at, ?), idle_timeout = ?, expires_at = ?, version = version + 1
      WHERE key = ? AND version = ? AND value IS NOT NULL`),
    touch: db.prepare('UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE key = ? AND ends_at > ? AND value IS NOT NULL'),
    remove: db.prepare(`
      UPDATE sessions SET value = NULL, owner = NULL, last_seen_at = ?, idle_timeout = ${NEVER}, expires_at = ?
      WHERE key = ? AND value IS NOT NULL`),
    sweep: db.prepare('DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)'),
    // For unstorage's own verbs: a plain value that is nobody's and never ends.
    put: db.prepare(`
      INSERT INTO sessions (key, version, created_at, last_seen_at, idle_timeout, expires_at, value) VALUES (?, 1, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1`),
    delete: db.prepare('DELETE FROM sessions WHERE key = ?'),
    clear: db.prepare('DELETE FROM sessions WHERE substr(key, 1, length(?)) = ?'),
  }
}
