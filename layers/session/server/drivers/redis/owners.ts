import type { Clock } from '../../engine/clock'
import type { EndReason, Enrolment, OwnedMeta, OwnerGuard } from '../../engine/store'
import { REVOCATION_LIFETIME, TOMBSTONE_LIFETIME } from '../../engine/store'
import type { RedisKeys } from './keys'
import type { RedisClient, RunScript } from './scripts'

/** An index entry without a record may be a sign-in that is just being written. After this long it is a leftover. */
const CLAIM_LIFETIME_MS = 60_000
const MOST_ROUNDS = 200

/**
 * Which sessions are an owner's. An owner's index and its sessions lie in different cluster slots, so no script spans
 * them. What holds instead, at every moment and after every crash: the index names at least all live sessions. So a
 * session enters the index before its record is written, and leaves it after its record is gone.
 */
export function ownerIndex(client: RedisClient, run: RunScript, keys: RedisKeys, clock: Clock) {
  async function remove(key: string, at: number, reason: EndReason, plant = false): Promise<boolean> {
    const [removed, owner] = await run('sessionRemove', [keys.session(key)], reason, at, at + TOMBSTONE_LIFETIME, plant ? 1 : 0) as [number, string?]
    if (removed === 1) await forget(key, owner ?? '')
    return removed === 1
  }

  /** Takes a session that is gone from the index it stood in. */
  async function forget(key: string, owner: string) {
    await client.zrem(owner === '' ? keys.anonymous : keys.index(owner), key)
  }

  async function enrol(key: string, value: string, meta: OwnedMeta, guard: OwnerGuard, expectedVersion?: number): Promise<Enrolment> {
    const evicted: string[] = []
    const claim = await claimPlace(key, meta, guard, evicted)
    if (claim === 'revoked' || claim === 'full') return { outcome: claim, evicted }
    const [outcome, before] = await write(key, value, meta, expectedVersion)
    if (outcome !== 'written' && claim === 'claimed') await forget(key, meta.owner)
    if (outcome === 'written' && before !== undefined && before !== meta.owner) await forget(key, before)
    return { outcome, evicted }
  }

  async function write(key: string, value: string, { owner, lastSeenAt, idleTimeout, expiresAt }: OwnedMeta, expectedVersion?: number) {
    const args = [value, owner, lastSeenAt, idleTimeout, expiresAt]
    if (expectedVersion === undefined) return [await run('sessionCreate', [keys.session(key)], ...args)] as [Enrolment['outcome']]
    return await run('sessionReplace', [keys.session(key)], ...args, expectedVersion) as [Enrolment['outcome'], string?]
  }

  async function claimPlace(key: string, { owner, createdAt, expiresAt }: OwnedMeta, { startedAt, max, policy }: OwnerGuard, evicted: string[]) {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const claim = await run('ownerClaim', [keys.index(owner), keys.revocation(owner)], key, createdAt, startedAt, max, expiresAt)
      if (claim !== 'full') return claim as 'claimed' | 'held' | 'revoked'
      if (await dropLeftovers(owner)) continue
      if (policy === 'reject') return 'full'
      const [oldest] = await client.zrange(keys.index(owner), 0, 0)
      if (oldest && await remove(oldest, clock(), 'evicted', true)) evicted.push(oldest)
      if (oldest) await forget(oldest, owner)
    }
    return 'full'
  }

  /** Takes sessions that have ended by themselves out of an index. Answers whether there were any. */
  async function dropLeftovers(owner: string): Promise<boolean> {
    const before = clock() - CLAIM_LIFETIME_MS
    const old = await client.zrange(keys.index(owner), '-inf', before, 'BYSCORE')
    const rows = await Promise.all(old.map(key => client.hmget(keys.session(key), 't', 'i', 'x')))
    const leftovers = old.filter((_, i) => hasEnded(rows[i]!, clock()))
    if (leftovers.length > 0) await client.zrem(keys.index(owner), ...leftovers)
    return leftovers.length > 0
  }

  async function removeByOwner(owner: string, removedAt: number, except?: string): Promise<string[]> {
    const members = await run('ownerRevoke', [keys.index(owner), keys.revocation(owner)], removedAt, REVOCATION_LIFETIME) as string[]
    const others = members.filter(key => key !== except)
    // Planted even where no record stands yet: that is a sign-in in flight, which the tombstone stops.
    const removed = await Promise.all(others.map(key => remove(key, removedAt, 'revoked', true)))
    if (others.length > 0) await client.zrem(keys.index(owner), ...others)
    return others.filter((_, i) => removed[i])
  }

  return { remove, enrol, removeByOwner }
}

function hasEnded([lastSeenAt, idleTimeout, expiresAt]: (string | null)[], now: number): boolean {
  return lastSeenAt === null || now >= Math.min(Number(lastSeenAt) + Number(idleTimeout), Number(expiresAt))
}
