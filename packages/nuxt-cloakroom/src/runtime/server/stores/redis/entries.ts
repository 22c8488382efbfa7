import type { StoredRecord } from '../../sessions/store'

/** An entry of a user's index: a session, and which sign-in has added it. */
export interface Entry {
  readonly key: string
  readonly claim: string
}

/** The name of an entry in its index. */
export function nameOf({ key, claim }: Entry): string {
  return `${key}:${claim}`
}

export function entryOf(name: string): Entry {
  const colon = name.lastIndexOf(':')
  return { key: name.slice(0, colon), claim: name.slice(colon + 1) }
}

/** A record from its fields `v`, `n` and `t`. */
export function toRecord([value, version, lastSeenAt]: readonly (string | null)[]): StoredRecord | null {
  return typeof value === 'string' ? { value, version: Number(version), lastSeenAt: Number(lastSeenAt) } : null
}

/**
 * Whether a user's last sign-out everywhere has ended this session, although the index did not name it.
 *
 * @param startedAt when its sign-in began; records of an older version have none
 * @param revocation the time, and the key of the session that stays
 */
export function isRevoked(key: string, startedAt: string | null, revocation: string | null): boolean {
  if (!startedAt || !revocation) return false
  const [at, except] = revocation.split(' ')
  return Number(startedAt) <= Number(at) && key !== except
}
