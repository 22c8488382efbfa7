import type { Driver } from 'unstorage'
import { StoreError } from '../../sessions/store'
import type { Entry } from './entry'
import { parseEntry } from './entry'
import { EntryIndex } from './entry-index'

/**
 * Records and tombstones in a plain unstorage driver, with an index in memory that is read from the whole storage when
 * it is first needed. The index only says where to look; what counts is what the driver then returns.
 *
 * Call `get`, `put` and `erase` under the lock of the key.
 */
export function storedEntries(driver: Driver) {
  let loading: Promise<EntryIndex> | undefined
  let loaded: EntryIndex | undefined
  /** Keys whose last write failed: what is stored there is unknown until it is read again. */
  const uncertain = new Set<string>()

  async function get(key: string): Promise<Entry | null> {
    const entry = await fetch(key)
    if (loaded && (entry === null || uncertain.has(key))) updateIndex(loaded, key, entry)
    return entry
  }

  async function put(key: string, entry: Entry) {
    if (!driver.setItem) throw new StoreError(nameOf(driver), 'is read-only. Choose a driver that can write')
    await write(key, entry, () => driver.setItem!(key, JSON.stringify(entry), {}))
  }

  async function erase(key: string) {
    if (!driver.removeItem) throw new StoreError(nameOf(driver), 'cannot delete. Choose a driver that can')
    await write(key, null, () => driver.removeItem!(key, {}))
  }

  async function write(key: string, entry: Entry | null, step: () => unknown) {
    const known = await index()
    try {
      await step()
    }
    catch (error) {
      uncertain.add(key)
      throw error
    }
    updateIndex(known, key, entry)
  }

  function updateIndex(known: EntryIndex, key: string, entry: Entry | null) {
    uncertain.delete(key)
    if (entry) known.set(key, entry)
    else known.delete(key)
  }

  async function fetch(key: string): Promise<Entry | null> {
    const stored: unknown = await driver.getItem(key)
    if (stored === null || stored === undefined) return null
    if (stored instanceof Error) throw stored // unstorage's `fs` and `fs-lite` return errors as if they were values.
    return parseEntry(stored)
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
    loaded = known
    return known
  }

  /** Every key of the driver, as unstorage spells it. */
  async function allKeys(base = ''): Promise<string[]> {
    const names = await driver.getKeys(base, {})
    return names.map(name => name.replaceAll(/[/\\]/g, ':')).filter(key => key.startsWith(base))
  }

  /** The keys under which the user's records may be. */
  async function keysOf(userId: string): Promise<string[]> {
    return [...new Set([...(await index()).keysOf(userId), ...uncertain])]
  }

  return { get, put, erase, keysOf, allKeys, index }
}

function nameOf({ name = 'unstorage' }: Driver): string {
  return name
}
