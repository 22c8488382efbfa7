import type { Entry, IndexedEntry } from './entry'
import { isEntryExpired } from './entry'

/** Finds entries by user, by expiry and by age without reading the storage. */
export class EntryIndex {
  readonly #entries = new Map<string, IndexedEntry>()
  readonly #keysByUser = new Map<string, Set<string>>()

  set(key: string, entry: Entry) {
    this.delete(key)
    const indexed = withoutValue(entry)
    this.#entries.set(key, indexed)
    const userId = userOf(indexed)
    if (userId !== null) this.#keysByUser.set(userId, (this.#keysByUser.get(userId) ?? new Set()).add(key))
  }

  delete(key: string) {
    const userId = userOf(this.#entries.get(key))
    this.#entries.delete(key)
    if (userId === null) return
    const keys = this.#keysByUser.get(userId)!
    keys.delete(key)
    if (keys.size === 0) this.#keysByUser.delete(userId)
  }

  holdsRecord(key: string): boolean {
    return 'meta' in (this.#entries.get(key) ?? {})
  }

  keysOf(userId: string): string[] {
    return [...this.#keysByUser.get(userId) ?? []]
  }

  /** At most `limit` keys of entries that expired before `now`. */
  expired(now: number, limit: number): string[] {
    const keys: string[] = []
    for (const [key, entry] of this.#entries) {
      if (keys.length === limit) break
      if (isEntryExpired(entry, now)) keys.push(key)
    }
    return keys
  }

  /** Keys of the records without a user, the oldest first. */
  anonymous(): string[] {
    const found = [...this.#entries].flatMap(([key, entry]) =>
      'meta' in entry && entry.meta.userId === null ? [{ key, createdAt: entry.meta.createdAt }] : [])
    return found.sort((a, b) => a.createdAt - b.createdAt).map(({ key }) => key)
  }
}

function withoutValue(entry: Entry): IndexedEntry {
  if ('tombstone' in entry) return entry
  const { version, lastSeenAt, meta } = entry
  return { version, lastSeenAt, meta }
}

function userOf(entry: IndexedEntry | undefined): string | null {
  return entry && 'meta' in entry ? entry.meta.userId : null
}
