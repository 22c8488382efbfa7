import type { Driver } from 'unstorage'
import { StoreError } from '../../engine/store'
import type { Entry } from './entry'
import { entryOf } from './entry'
import { EntryIndex } from './entry-index'

/**
 * Sessions and tombstones in a plain unstorage driver, and in memory an index of them, read from the whole storage when it
 * is first needed. The index only says where to look: what counts is what the driver then gives back.
 *
 * `get`, `put` and `erase` are to be called under the lock of the key.
 */
export function storedEntries(driver: Driver) {
  let loading: Promise<EntryIndex> | undefined
  let loaded: EntryIndex | undefined
  /** Keys whose last write failed: nobody knows what stands there until it is read again. */
  const doubtful = new Set<string>()

  async function get(key: string): Promise<Entry | null> {
    const entry = await fetch(key)
    if (loaded && (entry === null || doubtful.has(key))) note(loaded, key, entry)
    return entry
  }

  async function put(key: string, entry: Entry) {
    if (!driver.setItem) throw new StoreError(driver.name ?? 'unstorage', 'is read-only. Choose a driver that can write')
    await write(key, entry, () => driver.setItem!(key, JSON.stringify(entry), {}))
  }

  async function erase(key: string) {
    if (!driver.removeItem) throw new StoreError(driver.name ?? 'unstorage', 'cannot delete. Choose a driver that can')
    await write(key, null, () => driver.removeItem!(key, {}))
  }

  async function write(key: string, entry: Entry | null, step: () => unknown) {
    const known = await index()
    try {
      await step()
    }
    catch (error) {
      doubtful.add(key)
      throw error
    }
    note(known, key, entry)
  }

  function note(known: EntryIndex, key: string, entry: Entry | null) {
    doubtful.delete(key)
    if (entry) known.set(key, entry)
    else known.delete(key)
  }

  async function fetch(key: string): Promise<Entry | null> {
    const stored: unknown = await driver.getItem(key)
    if (stored === null || stored === undefined) return null
    if (stored instanceof Error) throw stored // unstorage's `fs` and `fs-lite` give errors back in place of values.
    return entryOf(stored)
  }

  function index(): Promise<EntryIndex> {
    loading ??= load().catch((error) => {
      loading = undefined
      throw error
    })
    return loading
  }

  async function load(): Promise<EntryIndex> {
    const known = new EntryIndex()
    for (const key of await allKeys()) {
      const entry = await fetch(key)
      if (entry) known.set(key, entry)
    }
    return loaded = known
  }

  /** Every key that the driver has, as unstorage spells it. */
  async function allKeys(base = ''): Promise<string[]> {
    const names = await driver.getKeys(base, {})
    return names.map(name => name.replaceAll(/[/\\]/g, ':')).filter(key => key.startsWith(base))
  }

  /** Where the owner's records are, if they are anywhere. */
  async function keysOf(owner: string): Promise<string[]> {
    return [...new Set([...(await index()).ofOwner(owner), ...doubtful])]
  }

  return { get, put, erase, keysOf, allKeys, index }
}
