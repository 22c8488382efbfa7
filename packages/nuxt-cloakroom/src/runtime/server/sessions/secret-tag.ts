import type { SessionRecord } from './record'
import type { Tombstone } from './store'

/** 132 bits of a hash of 256: what is left of a record must tell secrets apart, and no more. */
const HASH_CHARACTERS = 22

/**
 * What remains of a session's secrets when it has ended, in its tombstone: only a client that proves one of them may
 * learn how the session ended. The current secret's hash and, while it is accepted, that of the previous one.
 */
export function secretTagOf({ secretHash, previous }: Pick<SessionRecord, 'secretHash' | 'previous'>): string {
  const current = shorten(secretHash)
  if (!previous?.salt) return current
  const until = previous.grace === null ? '' : `:${previous.grace.until}`
  return `${current},${shorten(previous.hash)}${until}`
}

/** Whether the secret with this hash would have opened the session when it was removed. */
export function isProvedBy(secretHash: string, { secretTag: tag, removedAt }: Omit<Tombstone, 'reason'>): boolean {
  const secret = shorten(secretHash)
  if (!tag || secret === '') return false
  const [current, previous = ''] = tag.split(',')
  if (secret === current) return true
  const [hash, until] = previous.split(':')
  return secret === hash && (until === undefined || removedAt < Number(until))
}

function shorten(hash: string): string {
  return hash.slice(0, HASH_CHARACTERS)
}
