import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../../engine/store'
import { sqliteFailure } from './failure'
import type { Statements } from './statements'
import { prepareStatements } from './statements'

/** "clkr": tells our files from other SQLite databases. */
const APPLICATION_ID = 0x636C6B72
const SCHEMA_VERSION = 1
const OPEN_RETRY_MS = 5000
/** Longest that one statement may block the event loop for another process's lock. Longer waits happen between ticks, in the commit queue. */
const LOCK_WAIT_MS = 20

const SCHEMA = `
  CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    owner TEXT,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    idle_timeout INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ends_at INTEGER GENERATED ALWAYS AS (min(last_seen_at + idle_timeout, expires_at)) VIRTUAL,
    value TEXT, -- NULL in a tombstone, which then says when and why:
    removed_at INTEGER,
    end_reason TEXT
  ) STRICT;
  CREATE INDEX sessions_by_owner ON sessions (owner, created_at) WHERE owner IS NOT NULL;
  CREATE INDEX sessions_by_end ON sessions (ends_at);
  CREATE INDEX anonymous_sessions ON sessions (created_at) WHERE owner IS NULL AND value IS NOT NULL;
  CREATE TABLE revocations (owner TEXT PRIMARY KEY, revoked_at INTEGER NOT NULL) STRICT;
`

/**
 * Opens a session database, made at first use: file mode 0600, a new folder 0700, since it names who is signed in.
 * WAL with `synchronous = FULL`, so that what was acknowledged outlives a crash of the machine too: a sign-out must not
 * be undone by a power cut.
 *
 * @throws StoreError that says what is wrong with the file
 */
export function openDatabase(path: string): { db: DatabaseSync, sql: Statements } {
  try {
    makeFile(path)
    const db = new DatabaseSync(path, { timeout: OPEN_RETRY_MS })
    try {
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY')
      migrate(db, path)
      db.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`)
      return { db, sql: prepareStatements(db) }
    }
    catch (error) {
      db.close()
      throw error
    }
  }
  catch (error) {
    throw error instanceof StoreError ? error : sqliteFailure(path, error)
  }
}

function makeFile(path: string) {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  closeSync(openSync(path, 'a', 0o600))
  if (statSync(path).mode & 0o077) chmodSync(path, 0o600)
}

function migrate(db: DatabaseSync, path: string) {
  db.exec('BEGIN IMMEDIATE')
  try {
    const version = pragma(db, 'user_version')
    if (version === 0 && pragma(db, 'application_id') === 0 && isEmpty(db)) create(db)
    else if (pragma(db, 'application_id') !== APPLICATION_ID) {
      throw new StoreError('sqlite', `${path} is a database of another program. Point NUXT_SESSION_STORE at another file`)
    }
    else if (version > SCHEMA_VERSION) {
      throw new StoreError('sqlite', `${path} was written by a newer version of the session layer. Update this one, or use another file`)
    }
    db.exec('COMMIT')
  }
  catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

function create(db: DatabaseSync) {
  db.exec(SCHEMA)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
}

function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()![name])
}
