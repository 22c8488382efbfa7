import type { RecordMeta, StoredRecord, Tombstone } from '../sessions/store'

export interface MemoryRow extends StoredRecord {
  readonly meta: RecordMeta
}

/** Rows in memory with an index by user, which `put` and `drop` keep up to date. */
export function memoryTable() {
  const rows = new Map<string, MemoryRow>()
  const tombstones = new Map<string, { tombstone: Tombstone, expiresAt: number }>()
  const revocations = new Map<string, number>()
  const keysByUser = new Map<string, Set<string>>()

  function unindex(key: string) {
    const userId = rows.get(key)?.meta.userId ?? null
    if (userId === null) return
    const keys = keysByUser.get(userId)
    keys?.delete(key)
    if (keys?.size === 0) keysByUser.delete(userId)
  }

  return {
    rows,
    tombstones,
    /** When all sessions of each user were last removed. */
    revocations,
    put(key: string, row: MemoryRow) {
      unindex(key)
      rows.set(key, row)
      const { userId } = row.meta
      if (userId !== null) keysByUser.set(userId, (keysByUser.get(userId) ?? new Set()).add(key))
    },
    drop(key: string): boolean {
      unindex(key)
      return rows.delete(key)
    },
    /** The user's keys, newest session first. */
    keysOf(userId: string): string[] {
      const createdAt = (key: string) => rows.get(key)!.meta.createdAt
      return [...keysByUser.get(userId) ?? []].sort((a, b) => createdAt(b) - createdAt(a))
    },
    clear() {
      for (const map of [rows, tombstones, revocations, keysByUser]) map.clear()
    },
  }
}
