import type { Entry, Known } from './entry'
import { hasEnded } from './entry'

/** Which entries there are, to be found by owner, by end and by age without reading the storage. */
export class EntryIndex {
  readonly #known = new Map<string, Known>()
  readonly #keysByOwner = new Map<string, Set<string>>()

  set(key: string, entry: Entry) {
    this.delete(key)
    const known = knownOf(entry)
    this.#known.set(key, known)
    const owner = ownerOf(known)
    if (owner !== null) this.#keysByOwner.set(owner, (this.#keysByOwner.get(owner) ?? new Set()).add(key))
  }

  delete(key: string) {
    const owner = ownerOf(this.#known.get(key))
    this.#known.delete(key)
    if (owner === null) return
    const keys = this.#keysByOwner.get(owner)!
    keys.delete(key)
    if (keys.size === 0) this.#keysByOwner.delete(owner)
  }

  holdsRecord(key: string): boolean {
    return 'meta' in (this.#known.get(key) ?? {})
  }

  ofOwner(owner: string): string[] {
    return [...this.#keysByOwner.get(owner) ?? []]
  }

  /** At most so many that ended by `now`. */
  ended(now: number, limit: number): string[] {
    const keys: string[] = []
    for (const [key, known] of this.#known) {
      if (keys.length === limit) break
      if (hasEnded(known, now)) keys.push(key)
    }
    return keys
  }

  /** Records without an owner, the oldest first. */
  anonymous(): string[] {
    const found = [...this.#known].flatMap(([key, known]) => 'meta' in known && known.meta.owner === null ? [{ key, createdAt: known.meta.createdAt }] : [])
    return found.sort((a, b) => a.createdAt - b.createdAt).map(({ key }) => key)
  }
}

function knownOf(entry: Entry): Known {
  if ('removed' in entry) return entry
  const { version, lastSeenAt, meta } = entry
  return { version, lastSeenAt, meta }
}

function ownerOf(known: Known | undefined): string | null {
  return known && 'meta' in known ? known.meta.owner : null
}
