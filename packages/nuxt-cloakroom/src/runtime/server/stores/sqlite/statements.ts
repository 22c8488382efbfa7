import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { AssignUserResult, UserLimit, UserRecordMeta } from '../../sessions/store'
import type { SessionEndReason } from '../../../shared/types/session'
import { tombstoneExpiresAt } from '../../sessions/store'

/** An expiry that no clock reaches. */
const NEVER = Number.MAX_SAFE_INTEGER
const COLUMNS = 'key, version, user_id, created_at, last_seen_at, idle_timeout, expires_at, value, secret_tag'

/** All statements of the SQLite driver, prepared once. */
export function prepareStatements(db: DatabaseSync) {
  // Rows as arrays take half the time of rows as objects.
  const query = (text: string) => {
    const statement = db.prepare(text)
    statement.setReturnArrays(true)
    return statement
  }
  return {
    read: query('SELECT value, version, last_seen_at FROM sessions WHERE key = ? AND value IS NOT NULL'),
    version: query('SELECT version FROM sessions WHERE key = ? AND value IS NOT NULL'),
    exists: query('SELECT 1 FROM sessions WHERE key = ?'),
    create: db.prepare(`INSERT INTO sessions (${COLUMNS}) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
    replace: db.prepare(`
      UPDATE sessions
      SET value = ?, last_seen_at = max(last_seen_at, ?), idle_timeout = ?, expires_at = ?, secret_tag = ?,
        version = version + 1
      WHERE key = ? AND version = ? AND value IS NOT NULL`),
    assignUser: db.prepare(`
      INSERT INTO sessions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET version = excluded.version, user_id = excluded.user_id,
        created_at = excluded.created_at, last_seen_at = excluded.last_seen_at, idle_timeout = excluded.idle_timeout,
        expires_at = excluded.expires_at, value = excluded.value, secret_tag = excluded.secret_tag`),
    touch: db.prepare(`
      UPDATE sessions SET last_seen_at = max(last_seen_at, ?) WHERE key = ? AND ends_at > ? AND value IS NOT NULL`),
    remove: db.prepare(`
      UPDATE sessions SET value = NULL, user_id = NULL, removed_at = ?, end_reason = ?, last_seen_at = 0,
        idle_timeout = ${NEVER}, expires_at = iif(user_id IS NULL, ?, ?)
      WHERE key = ? AND ends_at <= ? AND value IS NOT NULL AND (? OR user_id IS ?)`),
    tombstone: query('SELECT end_reason, removed_at, secret_tag FROM sessions WHERE key = ? AND value IS NULL'),
    listByUser: query(`
      SELECT key, value, version, last_seen_at FROM sessions WHERE user_id = ? ORDER BY created_at DESC`),
    /** The user's active sessions except one, beyond the newest so many. */
    surplusOf: query(`
      SELECT key FROM sessions WHERE user_id = ? AND key <> ? AND ends_at > ?
      ORDER BY created_at DESC LIMIT -1 OFFSET ?`),
    revokedAt: query('SELECT revoked_at FROM revocations WHERE user_id = ?'),
    revoke: db.prepare(`
      INSERT INTO revocations (user_id, revoked_at) VALUES (?, ?)
      ON CONFLICT (user_id) DO UPDATE SET revoked_at = max(revoked_at, excluded.revoked_at)`),
    forgetRevocations: db.prepare('DELETE FROM revocations WHERE revoked_at <= ?'),
    sweep: db.prepare(`
      DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE ends_at <= ? ORDER BY ends_at LIMIT ?)`),
    // Counts no further than it may delete, so that a large store costs no more than a full one.
    countAnonymous: query(`
      SELECT count(*) FROM (SELECT 1 FROM sessions WHERE user_id IS NULL AND value IS NOT NULL LIMIT ?)`),
    trimAnonymous: db.prepare(`
      DELETE FROM sessions WHERE key IN (
        SELECT key FROM sessions WHERE user_id IS NULL AND value IS NOT NULL ORDER BY created_at LIMIT ?)`),
    // For unstorage's own methods: a plain value that has no user and never expires.
    keys: query('SELECT key FROM sessions WHERE substr(key, 1, length(?)) = ? AND value IS NOT NULL'),
    put: db.prepare(`
      INSERT INTO sessions (${COLUMNS}) VALUES (?, 1, NULL, ${NEVER}, 0, ${NEVER}, ${NEVER}, ?, NULL)
      ON CONFLICT (key) DO UPDATE
      SET value = excluded.value, version = version + 1, removed_at = NULL, end_reason = NULL`),
    delete: db.prepare('DELETE FROM sessions WHERE key = ?'),
    clear: db.prepare('DELETE FROM sessions WHERE substr(key, 1, length(?)) = ?'),
  }
}

export type Statements = { readonly [Name in keyof ReturnType<typeof prepareStatements>]: StatementSync }

/**
 * Replaces a record by a tombstone. Returns `false` if there is none, for `expired` none that has expired, or none of
 * this user.
 */
export function writeTombstone(
  sql: Statements,
  key: string,
  removedAt: number,
  reason: SessionEndReason,
  userId?: string | null,
): boolean {
  const expiries = [tombstoneExpiresAt(removedAt, null), tombstoneExpiresAt(removedAt, 'a user')]
  const expiredBefore = reason === 'expired' ? removedAt : NEVER
  const isOfAnyUser = userId === undefined ? 1 : 0
  return sql.remove.run(removedAt, reason, ...expiries, key, expiredBefore, isOfAnyUser, userId ?? null).changes === 1
}

/** What the driver's `assignUser` does inside a transaction. */
export function assignUser(
  sql: Statements,
  key: string,
  value: string,
  meta: UserRecordMeta,
  limit: UserLimit,
  expectedVersion?: number,
): AssignUserResult {
  const { userId, createdAt, lastSeenAt, idleTimeout, expiresAt, secretTag = null } = meta
  const refusal = refusalFor(sql, key, userId, limit.startedAt, expectedVersion)
  if (refusal) return { outcome: refusal, evicted: [] }
  const surplus = sql.surplusOf.all(userId, key, lastSeenAt, Math.max(0, limit.max - 1)) as unknown as [string][]
  if (surplus.length > 0 && limit.policy === 'reject') return { outcome: 'full', evicted: [] }
  const evicted = surplus.map(([other]) => other)
  for (const other of evicted) writeTombstone(sql, other, lastSeenAt, 'evicted')
  const version = (expectedVersion ?? 0) + 1
  const values = [createdAt, lastSeenAt, idleTimeout, expiresAt, value, secretTag]
  sql.assignUser.run(key, version, userId, ...values)
  return { outcome: 'written', evicted }
}

function refusalFor(
  sql: Statements,
  key: string,
  userId: string,
  startedAt: number,
  expectedVersion?: number,
): AssignUserResult['outcome'] | undefined {
  if (expectedVersion === undefined) {
    if (sql.exists.get(key)) return 'exists'
  }
  else {
    const [version] = (sql.version.get(key) ?? []) as unknown as [number?]
    if (version === undefined) return 'gone'
    if (version !== expectedVersion) return 'conflict'
  }
  const [revokedAt = -1] = (sql.revokedAt.get(userId) ?? []) as unknown as [number?]
  return revokedAt >= startedAt ? 'revoked' : undefined
}
