import type { Driver } from 'unstorage'
import { KeyedLock } from '../engine/keyed-lock'
import type { AtomicDriver, EndReason, OwnedMeta, OwnerGuard, RecordMeta, StoredRecord } from '../engine/store'
import { REVOCATION_LIFETIME, StoreError, TOMBSTONE_LIFETIME } from '../engine/store'

/** One lock for all that concerns owners: such steps touch several sessions, are rare, and must not interleave. */
const OWNERS = 'owners'

/** What stands under a session's key in the wrapped driver. */
type Entry = Live | Tombstone

interface Live extends StoredRecord {
  readonly meta: RecordMeta
}

interface Tombstone {
  readonly removed: { readonly at: number, readonly reason: EndReason }
}

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
  let index: Promise<Map<string, RecordMeta>> | undefined

  async function get(key: string): Promise<Entry | null> {
    const text = await driver.getItem(key)
    if (text === null || text === undefined) return null
    const entry = typeof text === 'string' ? parseEntry(text) : text
    // A value we did not write is handed on as it is: the engine reports it as corrupt, and leaves it there.
    return isEntry(entry) ? entry : { value: String(text), version: 0, lastSeenAt: 0, meta: NO_META }
  }

  async function getLive(key: string): Promise<Live | null> {
    const entry = await get(key)
    return entry && 'value' in entry ? entry : null
  }

  async function put(key: string, entry: Entry) {
    if (!driver.setItem) throw new StoreError(driver.name ?? 'unstorage', 'is read-only. Choose a driver that can write')
    const known = await loadIndex()
    await driver.setItem(key, JSON.stringify(entry), {})
    if ('meta' in entry) known.set(key, { ...entry.meta, lastSeenAt: entry.lastSeenAt })
    else known.delete(key)
  }

  async function erase(key: string) {
    const known = await loadIndex()
    await driver.removeItem?.(key, {})
    known.delete(key)
  }

  function loadIndex() {
    index ??= readIndex().catch((error) => {
      index = undefined
      throw error
    })
    return index
  }

  async function readIndex() {
    const known = new Map<string, RecordMeta>()
    for (const key of await driver.getKeys('', {})) {
      const live = await getLive(key)
      if (live) known.set(key, { ...live.meta, lastSeenAt: live.lastSeenAt })
    }
    return known
  }

  /** The owner's keys, newest session first. */
  async function keysOf(owner: string): Promise<string[]> {
    const owned = [...await loadIndex()].filter(([, meta]) => meta.owner === owner)
    return owned.sort(([, a], [, b]) => b.createdAt - a.createdAt).map(([key]) => key)
  }

  const remove = (key: string, at: number, reason: EndReason) => locks.run(key, async () => {
    if (!await getLive(key)) return false
    await put(key, { removed: { at, reason } })
    return true
  })

  const replace = (key: string, expectedVersion: number, next: (live: Live) => Live) => locks.run(key, async () => {
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
    const known = await loadIndex()
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
      for (const key of await driver.getKeys('', {})) {
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
      const anonymous = [...await loadIndex()].filter(([, meta]) => meta.owner === null)
      const surplus = anonymous.sort(([, a], [, b]) => a.createdAt - b.createdAt).slice(0, Math.max(0, Math.min(limit, anonymous.length - max)))
      for (const [key] of surplus) await locks.run(key, () => erase(key))
      return surplus.length
    },
    getItem: async key => (await getLive(key))?.value ?? null,
    hasItem: async key => await getLive(key) !== null,
    setItem: (key, value) => locks.run(key, () => put(key, { value, version: 1, lastSeenAt: 0, meta: NO_META })),
    removeItem: key => locks.run(key, () => erase(key)),
    async getKeys(base) {
      const live = await loadIndex()
      return [...live.keys()].filter(key => key.startsWith(base))
    },
    async clear(base) {
      for (const key of await driver.getKeys('', {})) if (key.startsWith(base)) await locks.run(key, () => erase(key))
    },
    dispose: () => driver.dispose?.(),
  }
}

const NEVER = Number.MAX_SAFE_INTEGER

/** A value that came through unstorage's plain `setItem` is nobody's and never ends. */
const NO_META: RecordMeta = { owner: null, createdAt: NEVER, lastSeenAt: 0, idleTimeout: NEVER, expiresAt: NEVER }

function parseEntry(text: string): unknown {
  try {
    return JSON.parse(text)
  }
  catch {
    return undefined
  }
}

function isEntry(entry: unknown): entry is Entry {
  return typeof entry === 'object' && entry !== null && ('removed' in entry || ('value' in entry && 'meta' in entry))
}

function hasEnded(entry: Entry, now: number): boolean {
  if ('removed' in entry) return entry.removed.at + TOMBSTONE_LIFETIME <= now
  return endOf({ ...entry.meta, lastSeenAt: entry.lastSeenAt }) <= now
}

function endOf({ lastSeenAt, idleTimeout, expiresAt }: RecordMeta): number {
  return Math.min(lastSeenAt + idleTimeout, expiresAt)
}
