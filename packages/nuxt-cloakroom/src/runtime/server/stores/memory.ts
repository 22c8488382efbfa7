import type { SessionEndReason } from '../../shared/types/session'
import type { AtomicDriver, RecordMeta, StoredRecord, UserLimit } from '../sessions/store'
import { REVOCATION_LIFETIME_MS, tombstoneExpiresAt } from '../sessions/store'
import { memoryTable } from './memory-table'

const NEVER = Number.MAX_SAFE_INTEGER

/** A value that was set through unstorage's plain `setItem` has no user and never expires. */
const NO_META: RecordMeta = { userId: null, createdAt: NEVER, lastSeenAt: 0, idleTimeout: NEVER, expiresAt: NEVER }

/**
 * Sessions in this process's memory, for tests and for trying things out. A restart loses them all, and two processes
 * do not share them. Each method is one synchronous step, so it is atomic.
 */
export function memoryDriver(): AtomicDriver {
  const table = memoryTable()
  const { rows, tombstones, revocations } = table

  function remove(key: string, removedAt: number, reason: SessionEndReason, userId?: string | null): boolean {
    const row = rows.get(key)
    if (!row || (reason === 'expired' && rowExpiresAt(row) > removedAt)) return false
    if (userId !== undefined && row.meta.userId !== userId) return false
    table.drop(key)
    const expiresAt = tombstoneExpiresAt(removedAt, row.meta.userId)
    const { secretTag } = row.meta
    tombstones.set(key, { tombstone: { removedAt, reason, ...(secretTag && { secretTag }) }, expiresAt })
    return true
  }

  function refusalFor(key: string, expectedVersion: number): 'conflict' | 'gone' | undefined {
    const row = rows.get(key)
    if (!row) return 'gone'
    return row.version === expectedVersion ? undefined : 'conflict'
  }

  /** Makes room for one more session of a user. Returns `null` if there is none and none may be evicted. */
  function makeRoom(key: string, userId: string, now: number, { max, policy }: UserLimit): string[] | null {
    const others = table.keysOf(userId).filter(other => other !== key && rowExpiresAt(rows.get(other)!) > now)
    const surplus = others.slice(Math.max(0, max - 1))
    if (surplus.length > 0 && policy === 'reject') return null
    for (const other of surplus) remove(other, now, 'evicted')
    return surplus
  }

  return {
    name: 'session-memory',
    atomicity: 'process',
    read: key => rows.get(key) ?? null,
    create(key, value, meta) {
      if (rows.has(key) || tombstones.has(key)) return false
      table.put(key, { value, meta, version: 1, lastSeenAt: meta.lastSeenAt })
      return true
    },
    replace(key, value, meta, expectedVersion) {
      const refusal = refusalFor(key, expectedVersion)
      if (refusal) return refusal
      const row = rows.get(key)!
      const lastSeenAt = Math.max(row.lastSeenAt, meta.lastSeenAt)
      table.put(key, { value, meta: { ...meta, userId: row.meta.userId }, version: expectedVersion + 1, lastSeenAt })
      return 'replaced'
    },
    assignUser(key, value, meta, limit, expectedVersion) {
      const exists = rows.has(key) || tombstones.has(key) ? 'exists' as const : undefined
      const refusal = expectedVersion === undefined ? exists : refusalFor(key, expectedVersion)
      if (refusal) return { outcome: refusal, evicted: [] }
      if ((revocations.get(meta.userId) ?? -1) >= limit.startedAt) return { outcome: 'revoked', evicted: [] }
      const evicted = makeRoom(key, meta.userId, meta.lastSeenAt, limit)
      if (!evicted) return { outcome: 'full', evicted: [] }
      table.put(key, { value, meta, version: (expectedVersion ?? 0) + 1, lastSeenAt: meta.lastSeenAt })
      return { outcome: 'written', evicted }
    },
    touch(key, lastSeenAt) {
      const row = rows.get(key)
      if (!row || lastSeenAt >= rowExpiresAt(row)) return false
      rows.set(key, { ...row, lastSeenAt: Math.max(row.lastSeenAt, lastSeenAt) })
      return true
    },
    remove,
    readTombstone: key => tombstones.get(key)?.tombstone ?? null,
    removeByUser(userId, removedAt, except) {
      revocations.set(userId, Math.max(removedAt, revocations.get(userId) ?? 0))
      const removed = table.keysOf(userId).filter(key => key !== except)
      for (const key of removed) remove(key, removedAt, 'revoked')
      return removed
    },
    listByUser: userId => table.keysOf(userId).map(key => ({ key, ...rows.get(key)! })),
    sweep(now, limit) {
      for (const [userId, at] of revocations) if (at + REVOCATION_LIFETIME_MS <= now) revocations.delete(userId)
      const oldTombstones = firstKeys(limit, tombstones, ({ expiresAt }) => expiresAt <= now)
      const expired = firstKeys(limit - oldTombstones.length, rows, row => rowExpiresAt(row) <= now)
      for (const key of oldTombstones) tombstones.delete(key)
      for (const key of expired) table.drop(key)
      return oldTombstones.length + expired.length
    },
    trimAnonymous(max, limit) {
      const anonymous = [...rows].filter(([, { meta }]) => meta.userId === null)
      const count = Math.max(0, Math.min(limit, anonymous.length - max))
      const oldest = anonymous.sort(([, a], [, b]) => a.meta.createdAt - b.meta.createdAt).slice(0, count)
      for (const [key] of oldest) table.drop(key)
      return oldest.length
    },
    getItem: key => rows.get(key)?.value ?? null,
    hasItem: key => rows.has(key),
    setItem(key, value) {
      table.put(key, { value, meta: NO_META, version: (rows.get(key)?.version ?? 0) + 1, lastSeenAt: 0 })
    },
    removeItem(key) {
      table.drop(key)
    },
    getKeys: (base = '') => [...rows.keys()].filter(key => key.startsWith(base)),
    clear(base = '') {
      for (const key of rows.keys()) if (key.startsWith(base)) table.drop(key)
    },
    dispose: () => table.clear(),
  }
}

function rowExpiresAt({ meta, lastSeenAt }: StoredRecord & { readonly meta: RecordMeta }): number {
  return Math.min(lastSeenAt + meta.idleTimeout, meta.expiresAt)
}

/** The keys of the first `limit` entries that meet the condition, without looking at all others. */
function firstKeys<Value>(
  limit: number,
  entries: ReadonlyMap<string, Value>,
  condition: (value: Value) => boolean,
): string[] {
  const keys: string[] = []
  for (const [key, value] of entries) {
    if (keys.length >= limit) break
    if (condition(value)) keys.push(key)
  }
  return keys
}
