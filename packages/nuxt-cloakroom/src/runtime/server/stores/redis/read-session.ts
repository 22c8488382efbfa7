import { LRUCache } from 'lru-cache'
import type { StoredRecord } from '../../sessions/store'
import type { Entry } from './entries'
import { isRevoked, nameOf, toRecord } from './entries'
import type { RedisKeys } from './keys'
import type { RedisClient, RunScript } from './scripts'

/** Whose session a key has. With more sessions than these in use, a read may take two round trips instead of one. */
const MAX_KNOWN = 10_000
const FIELDS = ['v', 'n', 't', 'o', 'a', 's', 'x'] as const

interface UserEntry extends Entry {
  readonly userId: string
}

/** What the keys of a user say about one of the user's sessions. */
interface UserState {
  readonly revocation: string | null
  readonly isListed: boolean
}

export interface ReadSessionDeps {
  readonly client: RedisClient
  readonly run: RunScript
  readonly keys: RedisKeys
  /** Ends a session that was revoked although the index did not name it. */
  readonly endRevoked: (entry: Entry, revokedAt: number) => Promise<unknown>
}

/**
 * Reads a record together with its user's keys, so that neither a sign-out everywhere nor the list of devices depends
 * on an index alone that a failover or an eviction may have taken: a session that began before the last sign-out
 * everywhere is over, and one that its index does not name enters it again.
 *
 * Both are in other cluster slots than the session. Which user it has is remembered from the last read, so all commands
 * share one round trip.
 */
export function sessionReader({ client, run, keys, endRevoked }: ReadSessionDeps) {
  const known = new LRUCache<string, UserEntry>({ max: MAX_KNOWN })

  async function stateOf(entry: UserEntry): Promise<UserState> {
    const [revocation, score] = await Promise.all([
      client.get(keys.revocation(entry.userId)),
      client.zscore(keys.userSessions(entry.userId), nameOf(entry)),
    ])
    return { revocation, isListed: score !== null }
  }

  async function read(key: string): Promise<StoredRecord | null> {
    const before = known.get(key)
    const [row, knownState] = await Promise.all([
      client.hmget(keys.session(key), ...FIELDS),
      before && stateOf(before),
    ])
    const [, , , userId, claim, startedAt, expiresAt] = row
    if (!userId || !claim) return toRecord(row)
    const entry = { key, userId, claim }
    const isKnown = before?.userId === userId && before.claim === claim
    const { revocation, isListed } = isKnown ? knownState! : await stateOf(entry)
    if (!isKnown) known.set(key, entry)
    if (isRevoked(key, startedAt!, revocation)) {
      endRevoked(entry, Number.parseInt(revocation!, 10)).catch(() => {}) // The next read tries again.
      return null
    }
    if (!isListed) await listAgain(entry, Number(startedAt), Number(expiresAt))
    return toRecord(row)
  }

  async function listAgain(entry: UserEntry, startedAt: number, expiresAt: number) {
    await run('userList', [keys.userSessions(entry.userId)], nameOf(entry), startedAt, expiresAt).catch(() => {})
  }

  return read
}
