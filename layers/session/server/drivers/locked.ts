import type { Driver } from 'unstorage'
import { KeyedLock } from '../engine/keyed-lock'
import type { AtomicDriver, EndReason, OwnedMeta, OwnerGuard, RecordMeta } from '../engine/store'
import { REVOCATION_LIFETIME } from '../engine/store'
import type { LiveEntry } from './locked-entries'
import { NO_META, endOf, hasEnded, storedEntries } from './locked-entries'

/** One lock for all that concerns owners: such steps touch several sessions, are rare, and must not interleave. */
const OWNERS = 'owners'

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
  const revocations = new Map<string, number>()
  const { get, getLive, put, erase, keysOf, index, allKeys } = storedEntries(driver)

  const remove = (key: string, at: number, reason: EndReason) => locks.run(key, async () => {
    if (!await getLive(key)) return false
    await put(key, { removed: { at, reason } })
    return true
  })

  const replace = (key: string, expectedVersion: number, next: (live: LiveEntry) => LiveEntry) => locks.run(key, async () => {
    const live = await getLive(key)
    if (!live) return 'gone'
    if (live.version !== expectedVersion) return 'conflict'
    await put(key, next(live))
    return 'replaced'
  })

  const create = (key: string, value: string, meta: RecordMeta) => locks.run(key, async () => {
    if (await get(key)) return false
    await put(key, { value, version: 1, lastSeenAt: meta.lastSeenAt, meta })
    return true
  })

  async function makeRoom(key: string, { owner, lastSeenAt: now }: OwnedMeta, { max, policy }: OwnerGuard): Promise<string[] | null> {
    const known = await index()
    const others = (await keysOf(owner)).filter(other => other !== key && endOf(known.get(other)!) > now)
    const surplus = others.slice(Math.max(0, max - 1))
    if (surplus.length > 0 && policy === 'reject') return null
    for (const other of surplus) await remove(other, now, 'evicted')
    return surplus
  }

  return {
    name: `session-locked-${driver.name ?? 'unstorage'}`,
    atomicity: 'process',
    read: key => locks.run(key, () => getLive(key)),
    create,
    replace: (key, value, meta, expectedVersion) => replace(key, expectedVersion, live => ({
      value,
      version: expectedVersion + 1,
      lastSeenAt: Math.max(live.lastSeenAt, meta.lastSeenAt),
      meta: { ...meta, owner: live.meta.owner },
    })),
    enrol: (key, value, meta, guard, expectedVersion) => locks.run(OWNERS, async () => {
      if ((revocations.get(meta.owner) ?? -1) >= guard.startedAt) return { outcome: 'revoked', evicted: [] }
      const evicted = await makeRoom(key, meta, guard)
      if (!evicted) return { outcome: 'full', evicted: [] }
      if (expectedVersion === undefined) return { outcome: await create(key, value, meta) ? 'written' : 'exists', evicted }
      const outcome = await replace(key, expectedVersion, () => ({ value, version: expectedVersion + 1, lastSeenAt: meta.lastSeenAt, meta }))
      return { outcome: outcome === 'replaced' ? 'written' : outcome, evicted }
    }),
    touch: (key, lastSeenAt) => locks.run(key, async () => {
      const live = await getLive(key)
      if (!live || lastSeenAt >= endOf({ ...live.meta, lastSeenAt: live.lastSeenAt })) return false
      await put(key, { ...live, lastSeenAt: Math.max(live.lastSeenAt, lastSeenAt) })
      return true
    }),
    remove,
    endOf: key => locks.run(key, async () => {
      const entry = await get(key)
      return entry && 'removed' in entry ? entry.removed : null
    }),
    removeByOwner: (owner, removedAt, except) => locks.run(OWNERS, async () => {
      revocations.set(owner, Math.max(removedAt, revocations.get(owner) ?? 0))
      const others = (await keysOf(owner)).filter(key => key !== except)
      for (const key of others) await remove(key, removedAt, 'revoked')
      return others
    }),
    async listByOwner(owner) {
      const keys = await keysOf(owner)
      const rows = await Promise.all(keys.map(async key => ({ key, live: await locks.run(key, () => getLive(key)) })))
      return rows.flatMap(({ key, live }) => live ? [{ key, ...live }] : [])
    },
    async sweep(now, limit) {
      for (const [owner, at] of revocations) if (at + REVOCATION_LIFETIME <= now) revocations.delete(owner)
      let swept = 0
      for (const key of await allKeys()) {
        if (swept === limit) break
        const gone = await locks.run(key, async () => {
          const entry = await get(key)
          if (!entry || !hasEnded(entry, now)) return false
          await erase(key)
          return true
        })
        if (gone) swept++
      }
      return swept
    },
    async trimAnonymous(max, limit) {
      const anonymous = [...await index()].filter(([, meta]) => meta.owner === null)
      const surplus = anonymous.sort(([, a], [, b]) => a.createdAt - b.createdAt).slice(0, Math.max(0, Math.min(limit, anonymous.length - max)))
      for (const [key] of surplus) await locks.run(key, () => erase(key))
      return surplus.length
    },
    getItem: async key => (await getLive(key))?.value ?? null,
    hasItem: async key => await getLive(key) !== null,
    setItem: (key, value) => locks.run(key, () => put(key, { value, version: 1, lastSeenAt: 0, meta: NO_META })),
    removeItem: key => locks.run(key, () => erase(key)),
    async getKeys(base) {
      const live = await index()
      return [...live.keys()].filter(key => key.startsWith(base))
    },
    async clear(base) {
      for (const key of await allKeys()) if (key.startsWith(base)) await locks.run(key, () => erase(key))
    },
    dispose: () => driver.dispose?.(),
  }
}
