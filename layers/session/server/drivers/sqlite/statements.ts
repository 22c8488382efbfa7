import type { DatabaseSync } from 'node:sqlite'

/** An end that no clock reaches. */
export const NEVER = Number.MAX_SAFE_INTEGER
const COLUMNS = 'key, version, owner, created_at, last_seen_at, idle_timeout, expires_at, value'

/** All statements of the SQLite driver, prepared once. */
export function prepareStatements(db: DatabaseSync) {
  // Rows as arrays: half the time of rows as objects.
  const query = (text: string) => {
    const statement = db.prepare(text)
    statement.setReturnArrays(true)
    return statement
  }
  return {
    read: query('SELECT value, version, last_seen_at FROM sessions WHERE key = ? AND value IS NOT NULL'),
    version: query('SELECT version FROM sessions WHERE key = ? AND value IS NOT NULL'),
    exists: query('SELECT 1 FROM sessions WHERE key = ?'),
    create: db.prepare(`INSERT INTO sessions (${COLUMNS}) VALUES (?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
    replace: db.prepare(`
      UPDATE sessions SET value = ?, last_seen_at = max(last_seen_at, ?), idle_timeout = ?, expires_at = ?, version = version + 1
      WHERE key = ? AND version = ? AND value IS NOT NULL`),
    enrol: db.prepare(`
      INSERT INTO sessions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET version = excluded.version, owner = excluded.owner, created_at = excluded.created_at,
        last_seen_at = excluded.last_seen_at, idle_timeout = excluded.idle_timeout, expires_at = excluded.expires_at, value = excluded.value`),
    touch: db.prepare('UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE key = ? AND ends_at > ? AND value IS NOT NULL'),
    remove: db.prepare(`
      UPDATE sessions SET value = NULL, owner = NULL, removed_at = ?, end_reason = ?, last_seen_at = 0, idle_timeout = ${NEVER}, expires_at = iif(owner IS NULL, ?, ?)
      WHERE key = ? AND ends_at <= ? AND value IS NOT NULL`),
    endOf: query('SELECT end_reason, removed_at FROM sessions WHERE key = ? AND value IS NULL'),
    listByOwner: query('SELECT key, value, version, last_seen_at FROM sessions WHERE owner = ? ORDER BY created_at DESC'),
    /** The owner's live sessions but one, beyond the newest so many. */
    surplusOf: query('SELECT key FROM sessions WHERE owner = ? AND key <> ? AND ends_at > ? ORDER BY created_at DESC LIMIT -1 OFFSET ?'),
    revokedAt: query('SELECT revoked_at FROM revocations WHERE owner = ?'),
    revoke: db.prepare(`
      INSERT INTO revocations (owner, revoked_at) VALUES (?, ?)
      ON CONFLICT (owner) DO UPDATE SET revoked_at = max(revoked_at, excluded.revoked_at)`),
    forgetRevocations: db.prepare('DELETE FROM revocations WHERE revoked_at <= ?'),
    sweep: db.prepare('DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)'),
    // Counts no further than it may delete, so that a large store costs no more than a full one.
    countAnonymous: query('SELECT count(*) FROM (SELECT 1 FROM sessions WHERE owner IS NULL AND value IS NOT NULL LIMIT ?)'),
    trimAnonymous: db.prepare(`
      DELETE FROM sessions WHERE key IN (
        SELECT key FROM sessions WHERE owner IS NULL AND value IS NOT NULL ORDER BY created_at LIMIT ?)`),
    // For unstorage's own verbs: a plain value that is nobody's and never ends.
    keys: query('SELECT key FROM sessions WHERE substr(key, 1, length(?)) = ? AND value IS NOT NULL'),
    put: db.prepare(`
      INSERT INTO sessions (${COLUMNS}) VALUES (?, 1, NULL, ${NEVER}, 0, ${NEVER}, ${NEVER}, ?)
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1, removed_at = NULL, end_reason = NULL`),
    delete: db.prepare('DELETE FROM sessions WHERE key = ?'),
    clear: db.prepare('DELETE FROM sessions WHERE substr(key, 1, length(?)) = ?'),
  }
}

export type Statements = ReturnType<typeof prepareStatements>
