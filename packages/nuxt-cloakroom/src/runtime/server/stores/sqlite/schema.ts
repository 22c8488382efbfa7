import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../../sessions/store'

/** "clkr": tells this module's files from other SQLite databases. */
const APPLICATION_ID = 0x636C6B72

/**
 * Each step leads from one schema version to the next. Steps are only added; `user_version` counts those a file has
 * had.
 */
const MIGRATIONS: readonly string[] = [`
  CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    user_id TEXT,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    idle_timeout INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ends_at INTEGER GENERATED ALWAYS AS (min(last_seen_at + idle_timeout, expires_at)) VIRTUAL,
    value TEXT, -- NULL in a tombstone, which then has:
    removed_at INTEGER,
    end_reason TEXT
  ) STRICT;
  CREATE INDEX sessions_by_user ON sessions (user_id, created_at) WHERE user_id IS NOT NULL;
  CREATE INDEX sessions_by_end ON sessions (ends_at);
  CREATE INDEX anonymous_sessions ON sessions (created_at) WHERE user_id IS NULL AND value IS NOT NULL;
  CREATE TABLE revocations (user_id TEXT PRIMARY KEY, revoked_at INTEGER NOT NULL) STRICT;
`, `
  ALTER TABLE sessions ADD COLUMN secret_tag TEXT;
`]

/**
 * Checks which program a file belongs to, before anything in it is changed. Returns whether its schema is the newest.
 *
 * @throws StoreError if it belongs to another program or to a newer version
 */
export function isCurrent(db: DatabaseSync, path: string): boolean {
  return inTransaction(db, 'BEGIN', () => versionOf(db, path, MIGRATIONS.length) === MIGRATIONS.length)
}

/**
 * Migrates a file to the newest schema in one transaction: if a step fails, the file is unchanged.
 *
 * @throws StoreError if it belongs to another program or to a newer version
 */
export function migrate(db: DatabaseSync, path: string, migrations: readonly string[] = MIGRATIONS) {
  inTransaction(db, 'BEGIN IMMEDIATE', () => {
    const version = versionOf(db, path, migrations.length)
    if (version === migrations.length) return
    for (const step of migrations.slice(version)) db.exec(step)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`)
  })
}

function versionOf(db: DatabaseSync, path: string, newest: number): number {
  const version = pragma(db, 'user_version')
  const application = pragma(db, 'application_id')
  if (version === 0 && application === 0 && isEmpty(db)) return 0
  if (application !== APPLICATION_ID) {
    throw new StoreError('sqlite', `${path} is a database of another program. Point NUXT_CLOAKROOM_STORE at another `
      + `file`)
  }
  if (version > newest) {
    throw new StoreError('sqlite', `${path} was written by a newer version of nuxt-cloakroom. Update it, or use `
      + `another file`)
  }
  return version
}

function inTransaction<Result>(db: DatabaseSync, begin: string, step: () => Result): Result {
  db.exec(begin)
  try {
    const result = step()
    db.exec('COMMIT')
    return result
  }
  catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()![name])
}
