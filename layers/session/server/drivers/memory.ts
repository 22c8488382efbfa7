import type { AtomicDriver, EndReason, OwnerGuard, RecordMeta, StoredRecord } from '../engine/store'
import { REVOCATION_LIFETIME, tombstoneEnd } from '../engine/store'
import { memoryTable } from './memory-table'

/**
 * Sessions in this process's memory: for tests and for trying things out. A restart forgets them all, and two processes
 * know nothing of each other. Each verb is one synchronous step, so nothing can come in between.
 */
export function memoryDriver(): AtomicDriver {
  const table = memoryTable()
  const { rows, tombstones, revocations } = table

  function bury(key: string, at: number, reason: EndReason): boolean {
    const row = rows.get(key)
    if (!row || (reason === 'expired' && endOf(row) > at)) return false
    table.drop(key)
    tombstones.set(key, { end: { at, reason }, until: tombstoneEnd(at, row.meta.owner) })
    return true
  }

  function replacement(key: string, expectedVersion: number): 'conflict' | 'gone' | undefined {
    const row = rows.get(key)
    if (!row) return 'gone'
    return row.version === expectedVersion ? undefined : 'conflict'
  }

  /** Makes room for one more session of an owner; `null` when there is none and nothing may give way. */
  function makeRoom(key: string, owner: string, now: number, { max, policy }: OwnerGuard): string[] | null {
    const others = table.keysOf(owner).filter(other => other !== key && endOf(rows.get(other)!) > now)
    const surplus = others.slice(Math.max(0, max - 1))
    if (surplus.length > 0 && policy === 'reject') return null
    for (const other of surplus) bury(other, now, 'evicted')
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
      const refusal = replacement(key, expectedVersion)
      if (refusal) return refusal
      const row = rows.get(key)!
      table.put(key, { value, meta: { ...meta, owner: row.meta.owner }, version: expectedVersion + 1, lastSeenAt: Math.max(row.lastSeenAt, meta.lastSeenAt) })
      return 'replaced'
    },
    enrol(key, value, meta, guard, expectedVersion) {
      const exists = rows.has(key) || tombstones.has(key) ? 'exists' as const : undefined
      const refusal = expectedVersion === undefined ? exists : replacement(key, expectedVersion)
      if (refusal) return { outcome: refusal, evicted: [] }
      if ((revocations.get(meta.owner) ?? 0) >= guard.startedAt) return { outcome: 'revoked', evicted: [] }
      const evicted = makeRoom(key, meta.owner, meta.lastSeenAt, guard)
      if (!evicted) return { outcome: 'full', evicted: [] }
      table.put(key, { value, meta, version: (expectedVersion ?? 0) + 1, lastSeenAt: meta.lastSeenAt })
      return { outcome: 'written', evicted }
    },
    touch(key, lastSeenAt) {
      const row = rows.get(key)
      if (!row || lastSeenAt >= endOf(row)) return false
      rows.set(key, { ...row, lastSeenAt: Math.max(row.lastSeenAt, lastSeenAt) })
      return true
    },
    remove: bury,
    endOf: key => tombstones.get(key)?.end ?? null,
    removeByOwner(owner, removedAt, except) {
      revocations.set(owner, Math.max(removedAt, revocations.get(owner) ?? 0))
      const removed = table.keysOf(owner).filter(key => key !== except)
      for (const key of removed) bury(key, removedAt, 'revoked')
      return removed
    },
    listByOwner: owner => table.keysOf(owner).map(key => ({ key, ...rows.get(key)! })),
    sweep(now, limit) {
      for (const [owner, at] of revocations) if (at + REVOCATION_LIFETIME <= now) revocations.delete(owner)
      const buried = first(limit, tombstones, ({ until }) => until <= now)
      const expired = first(limit - buried.length, rows, row => endOf(row) <= now)
      for (const key of buried) tombstones.delete(key)
      for (const key of expired) table.drop(key)
      return buried.length + expired.length
    },
    trimAnonymous(max, limit) {
      const anonymous = [...rows].filter(([, { meta }]) => meta.owner === null)
      const surplus = anonymous.sort(([, a], [, b]) => a.meta.createdAt - b.meta.createdAt).slice(0, Math.max(0, Math.min(limit, anonymous.length - max)))
      for (const [key] of surplus) table.drop(key)
      return surplus.length
    },
    getItem: key => rows.get(key)?.value ?? null,
    hasItem: key => rows.has(key),
    setItem: (key, value) => table.put(key, { value, meta: NO_META, version: (rows.get(key)?.version ?? 0) + 1, lastSeenAt: 0 }),
    removeItem: key => void table.drop(key),
    getKeys: (base = '') => [...rows.keys()].filter(key => key.startsWith(base)),
    clear(base = '') {
      for (const key of rows.keys()) if (key.startsWith(base)) table.drop(key)
    },
    dispose: () => table.clear(),
  }
}

const NEVER = Number.MAX_SAFE_INTEGER

/** A value that came through unstorage's plain `setItem` is nobody's and never ends. */
const NO_META: RecordMeta = { owner: null, createdAt: NEVER, lastSeenAt: 0, idleTimeout: NEVER, expiresAt: NEVER }

function endOf({ meta, lastSeenAt }: StoredRecord & { readonly meta: RecordMeta }): number {
  return Math.min(lastSeenAt + meta.idleTimeout, meta.expiresAt)
}

/** The keys of the first entries that will do, without a look at all the others. */
function first<Value>(limit: number, entries: ReadonlyMap<string, Value>, condition: (value: Value) => boolean): string[] {
  const keys: string[] = []
  for (const [key, value] of entries) {
    if (keys.length >= limit) break
    if (condition(value)) keys.push(key)
  }
  return keys
}
