import type { Driver } from 'unstorage'
import { ConfigError } from '../engine/errors'
import type { AtomicDriver } from '../engine/store'
import { fsDriver } from './fs'
import { lockedDriver } from './locked'
import { memoryDriver } from './memory'
import { redisDriver } from './redis'
import { parseRedisUrl } from './redis/connection'
import { warnOfProcesses } from './several-processes'
import { sqliteDriver } from './sqlite'

/** A store as named by `NUXT_SESSION_STORE`, and where its keys may live when no variable gives them. */
export interface ConfiguredStore {
  readonly driver: AtomicDriver
  /**
   * - `{ file }`: made at first start, next to the sessions
   * - `'ephemeral'`: new at each start, as the sessions are
   * - `'required'`: several servers may share the store, so they must be given the same keys
   */
  readonly defaultKeys: { readonly file: string } | 'ephemeral' | 'required'
}

export interface StoreSurroundings {
  /** The unstorage driver that the app has mounted under a name, if it has. */
  mounted(name: string): Driver | undefined
  warn(message: string): void
}

type Opener = (rest: string, url: string, surroundings: StoreSurroundings) => ConfiguredStore | undefined

const STORES: Record<string, Opener> = {
  memory: rest => rest === '' ? { driver: memoryDriver(), defaultKeys: 'ephemeral' } : undefined,
  sqlite: openSqlite,
  fs: folder => folder ? { driver: lockedDriver(fsDriver(folder)), defaultKeys: { file: `${folder.replace(/\/+$/, '')}.keys` } } : undefined,
  redis: openRedis,
  rediss: openRedis,
  mount: openMount,
}

/**
 * Opens the store of a URL: `sqlite:FILE` (`?corrupt=reset` moves a damaged one aside), `memory:`, `fs:FOLDER` (paths relative to the working directory), `redis://…`,
 * `rediss://…`, or `mount:NAME` for any unstorage driver that the app has mounted.
 *
 * @throws ConfigError for any other URL
 */
export function openStore(url: string, surroundings: StoreSurroundings): ConfiguredStore {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/.exec(url) ?? []
  const store = Object.hasOwn(STORES, scheme) ? STORES[scheme]!(rest, url, surroundings) : undefined
  if (store) {
    warnOfProcesses(store.driver, surroundings.warn)
    return store
  }
  throw new ConfigError('NUXT_SESSION_STORE', `is "${withoutCredentials(url)}", which names no store`,
    'Use sqlite:FILE, memory:, fs:FOLDER, redis://HOST, rediss://HOST or mount:NAME, or leave it out for sqlite:.data/sessions.db.')
}

function openSqlite(rest: string, _url: string, { warn }: StoreSurroundings): ConfiguredStore | undefined {
  const [, path, onCorrupt] = /^([^?]+)(?:\?corrupt=(refuse|reset))?$/.exec(rest) ?? []
  if (!path) return undefined
  const driver = sqliteDriver({ path, onCorrupt: onCorrupt as 'refuse' | 'reset' | undefined, warn })
  return { driver, defaultKeys: { file: `${path.replace(/\.(?:db|sqlite3?)$/, '')}.keys` } }
}

function openRedis(_rest: string, url: string, { warn }: StoreSurroundings): ConfiguredStore {
  return { driver: redisDriver({ target: parseRedisUrl(url), warn }), defaultKeys: 'required' }
}

function openMount(name: string, _url: string, { mounted }: StoreSurroundings): ConfiguredStore {
  const driver = mounted(name)
  if (!driver) throw new ConfigError('NUXT_SESSION_STORE', `is "mount:${name}", but no storage is mounted there`, 'Mount one under nitro.storage in nuxt.config.ts.')
  return { driver: lockedDriver(driver), defaultKeys: 'required' }
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/.*@/, '//***@')
}
