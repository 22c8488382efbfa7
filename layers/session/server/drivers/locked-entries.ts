import type { Driver } from 'unstorage'
import type { EndReason, RecordMeta, StoredRecord } from '../engine/store'
import { StoreError, TOMBSTONE_LIFETIME } from '../engine/store'

/** What stands under a session's key in the wrapped driver. */
export type Entry = LiveEntry | Tombstone

export interface LiveEntry extends StoredRecord {
  readonly meta: RecordMeta
}

interface Tombstone {
  readonly removed: { readonly at: number, readonly reason: EndReason }
}

/** Sessions and tombstones in a plain unstorage driver, with what is known of the live ones kept in memory. */
export function storedEntries(driver: Driver) {
  let index: Promise<Map<string, RecordMeta>> | undefined

  async function get(key: string): Promise<Entry | null> {
    const text = await driver.getItem(key)
    if (text === null || text === undefined) return null
    const entry = typeof text === 'string' ? parseEntry(text) : text
    // A value we did not write is handed on as it is: the engine reports it as corrupt, and leaves it there.
    return isEntry(entry) ? entry : { value: String(text), version: 0, lastSeenAt: 0, meta: NO_META }
  }

  async function getLive(key: string): Promise<LiveEntry | null> {
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

  return { get, getLive, put, erase, keysOf, index: loadIndex, allKeys: async () => driver.getKeys('', {}) }
}

const NEVER = Number.MAX_SAFE_INTEGER

/** A value that came through unstorage's plain `setItem` is nobody's and never ends. */
export const NO_META: RecordMeta = { owner: null, createdAt: NEVER, lastSeenAt: 0, idleTimeout: NEVER, expiresAt: NEVER }

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

export function hasEnded(entry: Entry, now: number): boolean {
  if ('removed' in entry) return entry.removed.at + TOMBSTONE_LIFETIME <= now
  return endOf({ ...entry.meta, lastSeenAt: entry.lastSeenAt }) <= now
}

export function endOf({ lastSeenAt, idleTimeout, expiresAt }: RecordMeta): number {
  return Math.min(lastSeenAt + idleTimeout, expiresAt)
}
