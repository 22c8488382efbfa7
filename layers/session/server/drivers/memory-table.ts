import type { EndReason, RecordMeta, StoredRecord } from '../engine/store'

export interface MemoryRow extends StoredRecord {
  readonly meta: RecordMeta
}

/** Rows in memory with an index by owner, kept in step by `put` and `drop`. */
export function memoryTable() {
  const rows = new Map<string, MemoryRow>()
  const tombstones = new Map<string, { end: { reason: EndReason, at: number }, until: number }>()
  const revocations = new Map<string, number>()
  const keysByOwner = new Map<string, Set<string>>()

  function unindex(key: string) {
    const owner = rows.get(key)?.meta.owner ?? null
    const keys = owner === null ? undefined : keysByOwner.get(owner)
    keys?.delete(key)
    if (keys?.size === 0) keysByOwner.delete(owner!)
  }

  return {
    rows,
    tombstones,
    /** When each owner's sessions were last removed all together. */
    revocations,
    put(key: string, row: MemoryRow) {
      unindex(key)
      rows.set(key, row)
      if (row.meta.owner !== null) keysByOwner.set(row.meta.owner, (keysByOwner.get(row.meta.owner) ?? new Set()).add(key))
    },
    drop(key: string): boolean {
      unindex(key)
      return rows.delete(key)
    },
    /** The owner's keys, newest session first. */
    keysOf(owner: string): string[] {
      const createdAt = (key: string) => rows.get(key)!.meta.createdAt
      return [...keysByOwner.get(owner) ?? []].sort((a, b) => createdAt(b) - createdAt(a))
    },
    clear() {
      for (const map of [rows, tombstones, revocations, keysByOwner]) map.clear()
    },
  }
}
