import type { Driver } from 'unstorage'
import { KeyedLock } from '../engine/keyed-lock'
import type { AtomicDriver, EndReason, Enrolment, OwnedMeta, OwnerGuard } from '../engine/store'
import { REVOCATION_LIFETIME, tombstoneEnd } from '../engine/store'
import { storedEntries } from './locked/entries'
import type { Entry, LiveEntry } from './locked/entry'
import { NO_META, endOf, hasEnded, liveOf } from './locked/entry'

type Owned = LiveEntry & { readonly key: string }

/**
 * Makes any unstorage driver atomic within this process, by a lock for each key: whatever its own consistency between
 * `getItem` and `setItem`, nothing of ours comes in between. Another process on the same storage is not held back, so
 * `atomicity` is `process`.
 *
 * Plain drivers know no owners. The index of owners is therefore kept in memory, read once from the whole storage when
 * it is first needed: right for one process, and costly only for large stores.
 */
export function lockedDriver(driver: Driver): AtomicDriver {
  const locks = new KeyedLock()
  /** One lock for all that concerns owners: such steps touch several sessions, are rare, and must not interleave. */
  const owners = new KeyedLock()
  const revocations = new Map<string, number>()
  const { get, put, erase, keysOf, allKeys, index } = storedEntries(driver)

  const read = (key: string) => locks.run(key, async () => liveOf(await get(key)))

  const remove = (key: string, at: number, reason: EndReason) => locks.run(key, async () => {
    const live = liveOf(await get(key))
    if (!live || (reason === 'expired' && endOf(live) > at)) return false
    await put(key, { removed: { at, reason, until: tombstoneEnd(at, live.meta.owner) } })
    return true
  })

  /** The owner's records, newest first. */
  async function recordsOf(owner: string, except?: string): Promise<Owned[]> {
    const keys = (await keysOf(owner)).filter(key => key !== except)
    const rows = await Promise.all(keys.map(async key => ({ key, live: await read(key) })))
    const owned = rows.flatMap(({ key, live }) => live?.meta.owner === owner ? [{ key, ...live }] : [])
    return owned.sort((a, b) => b.meta.createdAt - a.meta.createdAt)
  }

  /** Makes room for one more session of an owner; `null` when there is none and nothing may give way. */
  async function makeRoom(key: string, { owner, lastSeenAt: now }: OwnedMeta, { max, policy }: OwnerGuard): Promise<string[] | null> {
    const others = (await recordsOf(owner, key)).filter(other => endOf(other) > now)
    const surplus = others.slice(Math.max(0, max - 1)).map(({ key }) => key)
    if (surplus.length > 0 && policy === 'reject') return null
    for (const other of surplus) await remove(other, now, 'evicted')
    return surplus
  }

  async function enrol(key: string, value: string, meta: OwnedMeta, guard: OwnerGuard, expectedVersion?: number): Promise<Enrolment> {
    const refusal = refusalOf(await get(key), expectedVersion)
    if (refusal) return { outcome: refusal, evicted: [] }
    if ((revocations.get(meta.owner) ?? -1) >= guard.startedAt) return { outcome: 'revoked', evicted: [] }
    const evicted = await makeRoom(key, meta, guard)
    if (!evicted) return { outcome: 'full', evicted: [] }
    await put(key, { value, version: (expectedVersion ?? 0) + 1, lastSeenAt: meta.lastSeenAt, meta })
    return { outcome: 'written', evicted }
  }

  /** Deletes those of the entries that are still what they are thought to be, at most `limit`. */
  async function eraseThose(keys: readonly string[], limit: number, condition: (entry: Entry) => boolean): Promise<number> {
    let erased = 0
    for (const key of keys) {
      if (erased >= limit) break
      await locks.run(key, async () => {
        const entry = await get(key)
        if (!entry || !condition(entry)) return
        await erase(key)
        erased++
      })
    }
    return erased
  }

  return {
    name: `session-locked-${driver.name ?? 'unstorage'}`,
    atomicity: 'process',
    read,
    create: (key, value, meta) => locks.run(key, async () => {
      if (await get(key)) return false
      await put(key, { value, version: 1, lastSeenAt: meta.lastSeenAt, meta })
      return true
    }),
    replace: (key, value, meta, expectedVersion) => locks.run(key, async () => {
      const live = liveOf(await get(key))
      if (!live) return 'gone'
      if (live.version !== expectedVersion) return 'conflict'
      const lastSeenAt = Math.max(live.lastSeenAt, meta.lastSeenAt)
      await put(key, { value, version: expectedVersion + 1, lastSeenAt, meta: { ...meta, owner: live.meta.owner } })
      return 'replaced'
    }),
    enrol: (key, ...args) => owners.run('', () => locks.run(key, () => enrol(key, ...args))),
    touch: (key, lastSeenAt) => locks.run(key, async () => {
      const live = liveOf(await get(key))
      if (!live || lastSeenAt >= endOf(live)) return false
      await put(key, { ...live, lastSeenAt: Math.max(live.lastSeenAt, lastSeenAt) })
      return true
    }),
    remove,
    endOf: key => locks.run(key, async () => {
      const entry = await get(key)
      return entry && 'removed' in entry ? { at: entry.removed.at, reason: entry.removed.reason } : null
    }),
    removeByOwner: (owner, removedAt, except) => owners.run('', async () => {
      revocations.set(owner, Math.max(removedAt, revocations.get(owner) ?? 0))
      const removed: string[] = []
      for (const { key } of await recordsOf(owner, except)) if (await remove(key, removedAt, 'revoked')) removed.push(key)
      return removed
    }),
    listByOwner: owner => recordsOf(owner),
    async sweep(now, limit) {
      for (const [owner, at] of revocations) if (at + REVOCATION_LIFETIME <= now) revocations.delete(owner)
      return eraseThose((await index()).ended(now, limit), limit, entry => hasEnded(entry, now))
    },
    async trimAnonymous(max, limit) {
      const anonymous = (await index()).anonymous()
      return eraseThose(anonymous.slice(0, Math.max(0, anonymous.length - max)), limit, entry => liveOf(entry)?.meta.owner === null)
    },
    getItem: async key => (await read(key))?.value ?? null,
    hasItem: async key => await read(key) !== null,
    setItem: (key, value) => locks.run(key, () => put(key, { value, version: 1, lastSeenAt: 0, meta: NO_META })),
    removeItem: key => locks.run(key, () => erase(key)),
    async getKeys(base) {
      const known = await index()
      return (await allKeys(base)).filter(key => known.holdsRecord(key))
    },
    async clear(base) {
      for (const key of await allKeys(base)) await locks.run(key, () => erase(key))
    },
    dispose: () => driver.dispose?.(),
  }
}

function refusalOf(entry: Entry | null, expectedVersion: number | undefined): Enrolment['outcome'] | undefined {
  if (expectedVersion === undefined) return entry ? 'exists' : undefined
  const live = liveOf(entry)
  if (!live) return 'gone'
  return live.version === expectedVersion ? undefined : 'conflict'
}
