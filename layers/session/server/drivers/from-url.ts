import { ConfigError } from '../engine/errors'
import type { AtomicDriver } from '../engine/store'
import { memoryDriver } from './memory'
import { sqliteDriver } from './sqlite'

/** A store as named by `NUXT_SESSION_STORE`, and where its keys may live when no variable gives them. */
export interface ConfiguredStore {
  readonly driver: AtomicDriver
  /**
   * `{ file }`: made at first start, next to the database. `'ephemeral'`: new at each start, as the sessions are.
   */
  readonly defaultKeys: { readonly file: string } | 'ephemeral'
}

/**
 * Opens the store of a URL: `sqlite:FILE` (relative to the working directory) or `memory:`.
 *
 * @throws ConfigError for any other URL
 */
export function openStore(url: string): ConfiguredStore {
  const [, scheme, rest] = /^([a-z]+):(.*)$/.exec(url) ?? []
  if (scheme === 'memory' && rest === '') return { driver: memoryDriver(), defaultKeys: 'ephemeral' }
  if (scheme === 'sqlite' && rest) return { driver: sqliteDriver({ path: rest }), defaultKeys: { file: keyFileOf(rest) } }
  throw new ConfigError('NUXT_SESSION_STORE', `is "${withoutCredentials(url)}", which names no store`, 'Use sqlite:FILE or memory:, or leave it out for sqlite:.data/sessions.db.')
}

function keyFileOf(database: string): string {
  return `${database.replace(/\.(?:db|sqlite3?)$/, '')}.keys`
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//***@')
}
