import type { Driver } from 'unstorage'
import { KeyedLock } from '../sessions/keyed-lock'
import type { AssignUserResult, AtomicDriver, UserLimit, UserRecordMeta } from '../sessions/store'
import { REVOCATION_LIFETIME_MS, tombstoneExpiresAt } from '../sessions/store'
import { storedEntries } from './locked/entries'
import type { Entry, RecordEntry } from './locked/entry'
import { NO_META, isEntryExpired, recordExpiresAt, recordIn } from './locked/entry'

type UserRecord = RecordEntry & { readonly key: string }

/**
 * Makes any unstorage driver atomic within this process, by a lock per key: no other step of this process runs between
 * its `getItem` and `setItem`. Another process on the same storage is not held back, so `atomicity` is `process`.
 *
 * Plain drivers know no users. The index of users is therefore kept in memory and read once from the whole storage when
 * it is first needed: correct for one process, and slow only for large stores.
 */
export function lockedDriver(driver: Driver): AtomicDriver {
  const locks = new KeyedLock()
  /** One lock for all steps that concern users: they touch several sessions, are rare, and must not interleave. */
  const userLock = new KeyedLock()
  const revocations = new Map<string, number>()
  const { get, put, erase, keysOf, allKeys, index } = storedEntries(driver)

  const read = (key: string) => locks.run(key, async () => recordIn(await get(key)))

  const remove: AtomicDriver['remove'] = (key, removedAt, reason, userId) => locks.run(key, async () => {
    const record = recordIn(await get(key))
    if (!record || (reason === 'expired' && recordExpiresAt(record) > removedAt)) return false
    if (userId !== undefined && record.meta.userId !== userId) return false
    const { userId: formerUser, secretTag } = record.meta
    const expiresAt = tombstoneExpiresAt(removedAt, formerUser)
    await put(key, { tombstone: { removedAt, reason, expiresAt, ...(secretTag && { secretTag }) } })
    return true
  })

  /** The user's records, newest first. */
  async function recordsOf(userId: string, except?: string): Promise<UserRecord[]> {
    const keys = (await keysOf(userId)).filter(key => key !== except)
    const rows = await Promise.all(keys.map(async key => ({ key, record: await read(key) })))
    const records = rows.flatMap(({ key, record }) => record?.meta.userId === userId ? [{ key, ...record }] : [])
    return records.sort((a, b) => b.meta.createdAt - a.meta.createdAt)
  }

  /** Makes room for one more session of a user. Returns `null` if there is none and none may be evicted. */
  async function makeRoom(key: string, meta: UserRecordMeta, { max, policy }: UserLimit): Promise<string[] | null> {
    const { userId, lastSeenAt: now } = meta
    const others = (await recordsOf(userId, key)).filter(other => recordExpiresAt(other) > now)
    const surplus = others.slice(Math.max(0, max - 1)).map(({ key }) => key)
    if (surplus.length > 0 && policy === 'reject') return null
    for (const other of surplus) await remove(other, now, 'evicted')
    return surplus
  }

  async function assignUser(
    key: string,
    value: string,
    meta: UserRecordMeta,
    limit: UserLimit,
    expectedVersion?: number,
  ): Promise<AssignUserResult> {
    const refusal = refusalFor(await get(key), expectedVersion)
    if (refusal) return { outcome: refusal, evicted: [] }
    if ((revocations.get(meta.userId) ?? -1) >= limit.startedAt) return { outcome: 'revoked', evicted: [] }
    const evicted = await makeRoom(key, meta, limit)
    if (!evicted) return { outcome: 'full', evicted: [] }
    await put(key, { value, version: (expectedVersion ?? 0) + 1, lastSeenAt: meta.lastSeenAt, meta })
    return { outcome: 'written', evicted }
  }

  /** Deletes at most `limit` of the entries, those that still meet the condition. */
  async function eraseIf(keys: readonly string[], limit: number, condition: (entry: Entry) => boolean) {
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
      const record = recordIn(await get(key))
      if (!record) return 'gone'
      if (record.version !== expectedVersion) return 'conflict'
      const lastSeenAt = Math.max(record.lastSeenAt, meta.lastSeenAt)
      await put(key, { value, version: expectedVersion + 1, lastSeenAt, meta: { ...meta, userId: record.meta.userId } })
      return 'replaced'
    }),
    assignUser: (key, ...args) => userLock.run('', () => locks.run(key, () => assignUser(key, ...args))),
    touch: (key, lastSeenAt) => locks.run(key, async () => {
      const record = recordIn(await get(key))
      if (!record || lastSeenAt >= recordExpiresAt(record)) return false
      await put(key, { ...record, lastSeenAt: Math.max(record.lastSeenAt, lastSeenAt) })
      return true
    }),
    remove,
    readTombstone: key => locks.run(key, async () => {
      const entry = await get(key)
      if (!entry || !('tombstone' in entry)) return null
      const { expiresAt: _, ...tombstone } = entry.tombstone
      return tombstone
    }),
    removeByUser: (userId, removedAt, except) => userLock.run('', async () => {
      revocations.set(userId, Math.max(removedAt, revocations.get(userId) ?? 0))
      const removed: string[] = []
      for (const { key } of await recordsOf(userId, except)) {
        if (await remove(key, removedAt, 'revoked')) removed.push(key)
      }
      return removed
    }),
    listByUser: userId => recordsOf(userId),
    async sweep(now, limit) {
      for (const [userId, at] of revocations) if (at + REVOCATION_LIFETIME_MS <= now) revocations.delete(userId)
      return eraseIf((await index()).expired(now, limit), limit, entry => isEntryExpired(entry, now))
    },
    async trimAnonymous(max, limit) {
      const anonymous = (await index()).anonymous()
      const surplus = anonymous.slice(0, Math.max(0, anonymous.length - max))
      return eraseIf(surplus, limit, entry => recordIn(entry)?.meta.userId === null)
    },
    getItem: async key => (await read(key))?.value ?? null,
    hasItem: async key => await read(key) !== null,
    setItem: (key, value) => locks.run(key, () => put(key, { value, version: 1, lastSeenAt: 0, meta: NO_META })),
    removeItem: key => locks.run(key, () => erase(key)),
    async getKeys(base) {
      const entries = await index()
      return (await allKeys(base)).filter(key => entries.holdsRecord(key))
    },
    async clear(base) {
      for (const key of await allKeys(base)) await locks.run(key, () => erase(key))
    },
    dispose: () => driver.dispose?.(),
  }
}

function refusalFor(entry: Entry | null, expectedVersion: number | undefined): AssignUserResult['outcome'] | undefined {
  if (expectedVersion === undefined) return entry ? 'exists' : undefined
  const record = recordIn(entry)
  if (!record) return 'gone'
  return record.version === expectedVersion ? undefined : 'conflict'
}
