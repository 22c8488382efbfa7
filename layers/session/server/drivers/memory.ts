import type { AtomicDriver, RecordMeta, StoredRecord } from '../engine/store'
import { TOMBSTONE_LIFETIME } from '../engine/store'

interface Row extends StoredRecord {
  readonly meta: RecordMeta
}

/**
 * Sessions in this process's memory: for tests and for trying things out. A restart forgets them all, and two processes
 * know nothing of each other. Each verb is one synchronous step, so nothing can come in between.
 */
export function memoryDriver(): AtomicDriver {
  const rows = new Map<string, Row>()
  const tombstones = new Map<string, number>()
  const keysByOwner = new Map<string, Set<string>>()

  function index(key: string, owner: string | null) {
    if (owner === null) return
    const keys = keysByOwner.get(owner) ?? new Set()
    keysByOwner.set(owner, keys.add(key))
  }

  function unindex(key: string, owner: string | null) {
    const keys = owner === null ? undefined : keysByOwner.get(owner)
    keys?.delete(key)
    if (keys?.size === 0) keysByOwner.delete(owner!)
  }

  function put(key: string, row: Row) {
    unindex(key, rows.get(key)?.meta.owner ?? null)
    rows.set(key, row)
    index(key, row.meta.owner)
  }

  function drop(key: string): boolean {
    unindex(key, rows.get(key)?.meta.owner ?? null)
    return rows.delete(key)
  }

  return {
    name: 'session-memory',
    atomicity: 'process',
    read: key => rows.get(key) ?? null,
    create(key, value, meta) {
      if (rows.has(key) || tombstones.has(key)) return false
      put(key, { value, meta, version: 1, lastSeenAt: meta.lastSeenAt })
      return true
    },
    replace(key, value, meta, expectedVersion) {
      const row = rows.get(key)
      if (!row) return 'gone'
      if (row.version !== expectedVersion) return 'conflict'
      put(key, { value, meta, version: expectedVersion + 1, lastSeenAt: Math.max(row.lastSeenAt, meta.lastSeenAt) })
      return 'replaced'
    },
    touch(key, lastSeenAt) {
      const row = rows.get(key)
      if (!row || lastSeenAt >= endOf(row)) return false
      rows.set(key, { ...row, lastSeenAt: Math.max(row.lastSeenAt, lastSeenAt) })
      return true
    },
    remove(key, removedAt) {
      if (!drop(key)) return false
      tombstones.set(key, removedAt + TOMBSTONE_LIFETIME)
      return true
    },
    listByOwner: owner => [...keysByOwner.get(owner) ?? []]
      .map(key => ({ key, ...rows.get(key)! }))
      .sort((a, b) => b.meta.createdAt - a.meta.createdAt),
    sweep(now, limit) {
      const ended = [...tombstones].filter(([, end]) => end <= now).map(([key]) => key)
      const expired = [...rows].filter(([, row]) => endOf(row) <= now).map(([key]) => key)
      const swept = [...ended, ...expired].slice(0, limit)
      for (const key of swept) if (!tombstones.delete(key)) drop(key)
      return swept.length
    },
    getItem: key => rows.get(key)?.value ?? null,
    hasItem: key => rows.has(key),
    setItem(key, value) {
      put(key, { value, meta: NO_META, version: (rows.get(key)?.version ?? 0) + 1, lastSeenAt: NO_META.lastSeenAt })
    },
    removeItem: key => void drop(key),
    getKeys: base => [...rows.keys()].filter(key => key.startsWith(base)),
    clear(base) {
      for (const key of rows.keys()) if (key.startsWith(base)) drop(key)
    },
    dispose() {
      rows.clear()
      tombstones.clear()
      keysByOwner.clear()
    },
  }
}

/** A value that came through unstorage's plain `setItem` is nobody's and never ends. */
const NO_META: RecordMeta = { owner: null, createdAt: 0, lastSeenAt: 0, idleTimeout: Number.MAX_SAFE_INTEGER, expiresAt: Number.MAX_SAFE_INTEGER }

function endOf({ meta, lastSeenAt }: Row): number {
  return Math.min(lastSeenAt + meta.idleTimeout, meta.expiresAt)
}
