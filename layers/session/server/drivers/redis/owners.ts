import { randomBytes } from 'node:crypto'
import type { Clock } from '../../engine/clock'
import type { EndReason, Enrolment, ListedRecord, OwnedMeta, OwnerGuard, StoredRecord } from '../../engine/store'
import { REVOCATION_LIFETIME, tombstoneEnd } from '../../engine/store'
import type { RedisKeys } from './keys'
import type { RedisClient, RunScript } from './scripts'

/** An index entry without a record may be a sign-in that is just being written. After this long it is a leftover. */
const CLAIM_LIFETIME_MS = 60_000
const MOST_ROUNDS = 200
const CLAIM_BYTES = 9

type WriteOutcome = Enrolment['outcome'] | 'evicted'

/** An entry of an owner's index: a session, and which sign-in has put it there. */
interface Entry {
  readonly key: string
  readonly claim: string
}

export interface OwnerSurroundings {
  /** Takes a session off the list of anonymous ones. */
  readonly leaveAnonymous: (key: string) => Promise<unknown>
  /** Tells the other servers that this owner's list has changed. */
  readonly announce: (owner: string) => void
}

/**
 * Which sessions are an owner's. An owner's index and its sessions lie in different cluster slots, so no script spans
 * them. What holds instead, at every moment and after every crash: the index names at least all live sessions. So a
 * session enters the index before its record is written, and leaves it after its record is gone.
 *
 * Each sign-in enters under a claim of its own, which the record then carries. So one that fails takes back its own entry
 * and no other's; and one that is defeated while under way fails, while the record that it wanted stays as it was.
 */
export function ownerIndex(client: RedisClient, run: RunScript, keys: RedisKeys, clock: Clock, { leaveAnonymous, announce }: OwnerSurroundings) {
  /** Removes a record, and answers whose it was. With a `claim`, only what that sign-in has written, and if it is still under way, defeats it. */
  async function bury(key: string, at: number, reason: EndReason, claim = ''): Promise<string | null> {
    const [removed, owner = '', held = ''] = await run('sessionRemove', [keys.session(key)], reason, at, tombstoneEnd(at, 'somebody'), claim, keys.news, tombstoneEnd(at, null)) as [number, string?, string?]
    if (removed !== 1) return null
    await leave(key, owner, held)
    return owner
  }

  async function remove(key: string, at: number, reason: EndReason): Promise<boolean> {
    const owner = await bury(key, at, reason)
    if (owner) announce(owner)
    return owner !== null
  }

  /** Takes a session that is gone, or somebody else's by now, from where it was listed. */
  async function leave(key: string, owner: string, claim: string) {
    await (owner === '' ? leaveAnonymous(key) : client.zrem(keys.index(owner), nameOf({ key, claim })))
  }

  async function enrol(key: string, value: string, meta: OwnedMeta, guard: OwnerGuard, expectedVersion?: number): Promise<Enrolment> {
    const [version, owner, before, tombstone] = await client.hmget(keys.session(key), 'n', 'o', 'a', 'r')
    const refusal = refusalOf(version ?? null, tombstone ?? null, expectedVersion)
    if (refusal) return { outcome: refusal, evicted: [] }
    const held = owner === meta.owner && before ? before : undefined
    const entry: Entry = { key, claim: held ?? randomBytes(CLAIM_BYTES).toString('base64url') }
    const evicted: string[] = []
    const place = await claimPlace(entry, meta, guard, evicted)
    if (place !== 'claimed') return { outcome: place, evicted }
    const [outcome, formerOwner, formerClaim] = await write(entry, value, meta, expectedVersion)
    const happened = outcome === 'written' || outcome === 'evicted'
    if (happened) announce(meta.owner)
    if (happened && formerOwner !== undefined && formerOwner !== meta.owner) {
      await leave(key, formerOwner, formerClaim ?? '')
      if (formerOwner !== '') announce(formerOwner)
    }
    if (outcome === 'gone' || (outcome !== 'written' && !held)) await leave(key, meta.owner, entry.claim)
    // Evicted while under way is as good as written and evicted at once. To try again would only evict the next.
    return { outcome: outcome === 'evicted' ? 'written' : outcome, evicted }
  }

  async function write({ key, claim }: Entry, value: string, { owner, lastSeenAt, idleTimeout, expiresAt }: OwnedMeta, expectedVersion?: number) {
    const args = [value, owner, claim, lastSeenAt, idleTimeout, expiresAt]
    if (expectedVersion === undefined) return [await run('sessionCreate', [keys.session(key)], ...args)] as [WriteOutcome]
    return await run('sessionReplace', [keys.session(key)], ...args, expectedVersion, keys.news) as [WriteOutcome, string?, string?]
  }

  async function claimPlace(entry: Entry, { owner, createdAt, expiresAt }: OwnedMeta, { startedAt, max, policy }: OwnerGuard, evicted: string[]) {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const [claim, surplus = 0] = await run('ownerClaim', [keys.index(owner), keys.revocation(owner)], nameOf(entry), createdAt, startedAt, max, expiresAt) as ['claimed' | 'revoked' | 'full', number?]
      if (claim !== 'full') return claim
      if (await dropLeftovers(owner)) continue
      if (policy === 'reject') return 'full'
      const oldest = (await client.zrange(keys.index(owner), 0, surplus)).map(entryOf).filter(({ claim }) => claim !== entry.claim)
      evicted.push(...await removeEntries(owner, oldest.slice(0, surplus), clock(), 'evicted'))
    }
    return 'full'
  }

  /** Takes out of an index what has ended by itself, and what a sign-in has left there that failed half-way. Answers whether there was any. */
  async function dropLeftovers(owner: string): Promise<boolean> {
    const before = clock() - CLAIM_LIFETIME_MS
    const old = (await client.zrange(keys.index(owner), '-inf', before, 'BYSCORE')).map(entryOf)
    const rows = await Promise.all(old.map(({ key }) => client.hmget(keys.session(key), 'a', 't', 'i', 'x')))
    const leftovers = old.filter(({ claim }, i) => rows[i]![0] !== claim || hasEnded(rows[i]!.slice(1), clock()))
    if (leftovers.length > 0) await client.zrem(keys.index(owner), ...leftovers.map(nameOf))
    return leftovers.length > 0
  }

  async function removeByOwner(owner: string, removedAt: number, except?: string): Promise<string[]> {
    const members = await run('ownerRevoke', [keys.index(owner), keys.revocation(owner)], removedAt, REVOCATION_LIFETIME) as string[]
    const removed = await removeEntries(owner, members.map(entryOf).filter(({ key }) => key !== except), removedAt, 'revoked')
    if (removed.length > 0) announce(owner)
    return removed
  }

  /** Removes what stands behind entries, and defeats what does not stand there yet. Answers the keys of the records that went. */
  async function removeEntries(owner: string, entries: readonly Entry[], at: number, reason: EndReason): Promise<string[]> {
    const removed = await Promise.all(entries.map(({ key, claim }) => bury(key, at, reason, claim)))
    if (entries.length > 0) await client.zrem(keys.index(owner), ...entries.map(nameOf))
    return entries.filter((_, i) => removed[i] !== null).map(({ key }) => key)
  }

  async function list(owner: string): Promise<ListedRecord[]> {
    const entries = (await client.zrange(keys.index(owner), 0, -1, 'REV')).map(entryOf)
    const rows = await Promise.all(entries.map(({ key }) => client.hmget(keys.session(key), 'v', 'n', 't', 'a')))
    return entries.flatMap(({ key, claim }, i) => {
      const row = stored(rows[i]!)
      return row && rows[i]![3] === claim ? [{ key, ...row }] : []
    })
  }

  return { remove, enrol, removeByOwner, list }
}

/** A record from its fields `v`, `n` and `t`. */
export function stored([value, version, lastSeenAt]: (string | null)[]): StoredRecord | null {
  return typeof value === 'string' ? { value, version: Number(version), lastSeenAt: Number(lastSeenAt) } : null
}

/** Looked at before anybody is evicted for a sign-in that cannot succeed. */
function refusalOf(version: string | null, tombstone: string | null, expectedVersion: number | undefined): Enrolment['outcome'] | undefined {
  if (expectedVersion === undefined) return version === null && tombstone === null ? undefined : 'exists'
  if (version === null) return 'gone'
  return Number(version) === expectedVersion ? undefined : 'conflict'
}

function hasEnded([lastSeenAt, idleTimeout, expiresAt]: (string | null)[], now: number): boolean {
  return now >= Math.min(Number(lastSeenAt) + Number(idleTimeout), Number(expiresAt))
}

function nameOf({ key, claim }: Entry): string {
  return `${key}:${claim}`
}

function entryOf(name: string): Entry {
  const colon = name.lastIndexOf(':')
  return { key: name.slice(0, colon), claim: name.slice(colon + 1) }
}
