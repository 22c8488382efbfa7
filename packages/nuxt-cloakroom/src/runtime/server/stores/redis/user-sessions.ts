import { randomBytes } from 'node:crypto'
import type { SessionEndReason } from '../../../shared/types/session'
import type { AssignUserResult, Clock, ListedRecord, UserLimit, UserRecordMeta } from '../../sessions/store'
import { REVOCATION_LIFETIME_MS, tombstoneExpiresAt } from '../../sessions/store'
import type { Entry } from './entries'
import { entryOf, isRevoked, nameOf, toRecord } from './entries'
import type { RedisKeys } from './keys'
import { sessionReader } from './read-session'
import type { RedisClient, RunScript } from './scripts'

/** An index entry without a record may be a sign-in that is being written. After this time it is a leftover. */
const CLAIM_LIFETIME_MS = 60_000
/** A revocation ends what the index names within this time. */
const REVOCATION_DURATION_MS = 5000
const MAX_ROUNDS = 200
const CLAIM_BYTES = 9

type WriteOutcome = AssignUserResult['outcome'] | 'evicted'

export interface UserSessionsDeps {
  readonly client: RedisClient
  readonly run: RunScript
  readonly keys: RedisKeys
  readonly clock: Clock
  /** Removes a session from the list of anonymous ones. */
  readonly removeAnonymous: (key: string) => Promise<unknown>
  /** Reports to the other servers that this user's list has changed. */
  readonly publishUser: (userId: string) => void
}

/**
 * The sessions of each user. A user's index and its sessions are in different cluster slots, so no script spans them.
 * What holds instead, at every moment and after every crash: the index names at least all active sessions. So a session
 * enters the index before its record is written, and leaves it after its record is gone.
 *
 * Each sign-in enters under a claim of its own, which its record then carries. So a sign-in that fails removes its own
 * entry and no other one; and a sign-in that is defeated in flight fails, while the record stays as it was.
 */
export function userSessions({ client, run, keys, clock, removeAnonymous, publishUser }: UserSessionsDeps) {
  /**
   * Removes a record and returns its user ('' for none), or `null` if nothing was removed. With a claim it removes only
   * what that sign-in has written and, if it is still in flight, defeats it. With a user only a record of this one.
   */
  async function writeTombstone(
    key: string,
    at: number,
    reason: SessionEndReason,
    { claim = '', ofUser = '' } = {},
  ): Promise<string | null> {
    const expiries = [tombstoneExpiresAt(at, 'a user'), tombstoneExpiresAt(at, null)] as const
    const args = [reason, at, expiries[0], claim, keys.changes, expiries[1], ofUser]
    const result = await run('sessionRemove', [keys.session(key)], ...args)
    const [removed, userId = '', recordClaim = ''] = result as [number, string?, string?]
    if (removed !== 1) return null
    await unlist(key, userId, recordClaim)
    return userId
  }

  async function remove(
    key: string,
    at: number,
    reason: SessionEndReason,
    onlyOf?: string | null,
  ): Promise<boolean> {
    const userId = await writeTombstone(key, at, reason, { ofUser: onlyOf === undefined ? '' : `=${onlyOf ?? ''}` })
    if (userId) publishUser(userId)
    return userId !== null
  }

  /** Removes a session that has ended, or was assigned to another user, from the index that lists it. */
  async function unlist(key: string, userId: string, claim: string) {
    if (userId === '') await removeAnonymous(key)
    else await client.zrem(keys.userSessions(userId), nameOf({ key, claim }))
  }

  async function assignUser(
    key: string,
    value: string,
    meta: UserRecordMeta,
    limit: UserLimit,
    expectedVersion?: number,
  ): Promise<AssignUserResult> {
    const [version, userId, before, tombstone] = await client.hmget(keys.session(key), 'n', 'o', 'a', 'r')
    const refusal = refusalFor(version ?? null, tombstone ?? null, expectedVersion)
    if (refusal) return { outcome: refusal, evicted: [] }
    const held = userId === meta.userId && before ? before : undefined
    const entry: Entry = { key, claim: held ?? randomBytes(CLAIM_BYTES).toString('base64url') }
    const evicted: string[] = []
    const place = await claimPlace(entry, meta, limit, evicted)
    if (place !== 'claimed') return { outcome: place, evicted }
    const [outcome, formerUser, formerClaim = ''] = await write(entry, value, meta, limit.startedAt, expectedVersion)
    const isWritten = outcome === 'written' || outcome === 'evicted'
    if (isWritten) publishUser(meta.userId)
    if (isWritten && formerUser !== undefined && formerUser !== meta.userId) {
      await unlist(key, formerUser, formerClaim)
      if (formerUser !== '') publishUser(formerUser)
    }
    if (outcome === 'gone' || (outcome !== 'written' && !held)) await unlist(key, meta.userId, entry.claim)
    // Evicted in flight is the same as written and then evicted. A retry would only evict the next one.
    return { outcome: outcome === 'evicted' ? 'written' : outcome, evicted }
  }

  async function write(
    { key, claim }: Entry,
    value: string,
    meta: UserRecordMeta,
    startedAt: number,
    expectedVersion?: number,
  ) {
    const { userId, lastSeenAt, idleTimeout, expiresAt, secretTag = '' } = meta
    const names = [keys.session(key)]
    const args = [value, userId, claim, lastSeenAt, idleTimeout, expiresAt, secretTag]
    if (expectedVersion === undefined) return [await run('sessionCreate', names, ...args, startedAt)] as [WriteOutcome]
    const result = await run('sessionReplace', names, ...args, expectedVersion, keys.changes, startedAt)
    return result as [WriteOutcome, string?, string?]
  }

  async function claimPlace(entry: Entry, meta: UserRecordMeta, limit: UserLimit, evicted: string[]) {
    const { startedAt, max, policy } = limit
    const { userId, createdAt, expiresAt } = meta
    const names = [keys.userSessions(userId), keys.revocation(userId)]
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const result = await run('userClaim', names, nameOf(entry), createdAt, startedAt, max, expiresAt)
      const [claim, surplus = 0] = result as ['claimed' | 'revoked' | 'full', number?]
      if (claim !== 'full') return claim
      if (await removeLeftovers(userId)) continue
      if (policy === 'reject') return 'full'
      const oldest = (await client.zrange(keys.userSessions(userId), 0, surplus)).map(entryOf)
      const others = oldest.filter(({ claim }) => claim !== entry.claim).slice(0, surplus)
      evicted.push(...await removeEntries(userId, others, clock(), 'evicted'))
    }
    return 'full'
  }

  /** Ends what has expired, and removes from an index what a failed sign-in has left. Returns whether there was any. */
  async function removeLeftovers(userId: string): Promise<boolean> {
    const now = clock()
    const before = now - CLAIM_LIFETIME_MS
    const old = (await client.zrange(keys.userSessions(userId), '-inf', before, 'BYSCORE')).map(entryOf)
    const rows = await Promise.all(old.map(({ key }) => client.hmget(keys.session(key), 'a', 't', 'i', 'x')))
    const abandoned = old.filter(({ claim }, i) => rows[i]![0] !== claim)
    const expired = old.filter(({ claim }, i) => rows[i]![0] === claim && isExpired(rows[i]!.slice(1), now))
    if (abandoned.length > 0) await client.zrem(keys.userSessions(userId), ...abandoned.map(nameOf))
    // Not only from the index: a clock that is behind, or set back, would find a session that cannot be listed.
    const ended = await Promise.all(expired.map(({ key, claim }) => writeTombstone(key, now, 'expired', { claim })))
    return abandoned.length > 0 || ended.some(removed => removed !== null)
  }

  async function removeByUser(
    userId: string,
    removedAt: number,
    except?: string,
    rememberUntil = removedAt + REVOCATION_LIFETIME_MS,
  ): Promise<string[]> {
    const names = [keys.userSessions(userId), keys.revocation(userId)]
    const members = await run('userRevoke', names, removedAt, rememberUntil - removedAt, except ?? '') as string[]
    const entries = members.map(entryOf).filter(({ key }) => key !== except)
    const removed = await removeEntries(userId, entries, removedAt, 'revoked')
    publishUser(userId) // Also if none was listed: the others may have been lost from the index.
    return removed
  }

  /** Removes the records of entries, and defeats sign-ins in flight. Returns the keys of the removed records. */
  async function removeEntries(userId: string, entries: readonly Entry[], at: number, reason: SessionEndReason) {
    const removed = await Promise.all(entries.map(({ key, claim }) => writeTombstone(key, at, reason, { claim })))
    if (entries.length > 0) await client.zrem(keys.userSessions(userId), ...entries.map(nameOf))
    return entries.filter((_, i) => removed[i] !== null).map(({ key }) => key)
  }

  async function list(userId: string): Promise<ListedRecord[]> {
    const [names, revocation] = await Promise.all([
      client.zrange(keys.userSessions(userId), 0, -1, 'REV'),
      client.get(keys.revocation(userId)),
    ])
    const entries = names.map(entryOf)
    const rows = await Promise.all(entries.map(({ key }) => client.hmget(keys.session(key), 'v', 'n', 't', 'a', 's')))
    return entries.flatMap(({ key, claim }, i) => {
      const [, , , currentClaim, startedAt] = rows[i]!
      const row = toRecord(rows[i]!)
      return row && currentClaim === claim && !isRevoked(key, startedAt!, revocation) ? [{ key, ...row }] : []
    })
  }

  const read = sessionReader({
    client,
    run,
    keys,
    async endRevoked({ key, claim }, revokedAt) {
      const now = clock()
      // Before that the revocation itself may still be at work, which counts what it ends.
      if (now - revokedAt > REVOCATION_DURATION_MS) await writeTombstone(key, now, 'revoked', { claim })
    },
  })

  return { read, remove, assignUser, removeByUser, list }
}

/** Checked before any session is evicted for a sign-in that cannot succeed. */
function refusalFor(
  version: string | null,
  tombstone: string | null,
  expectedVersion: number | undefined,
): AssignUserResult['outcome'] | undefined {
  if (expectedVersion === undefined) return version === null && tombstone === null ? undefined : 'exists'
  if (version === null) return 'gone'
  return Number(version) === expectedVersion ? undefined : 'conflict'
}

function isExpired([lastSeenAt, idleTimeout, expiresAt]: (string | null)[], now: number): boolean {
  return now >= Math.min(Number(lastSeenAt) + Number(idleTimeout), Number(expiresAt))
}
