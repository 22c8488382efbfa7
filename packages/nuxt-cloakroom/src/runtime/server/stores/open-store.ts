import cluster from 'node:cluster'
import type { Driver } from 'unstorage'
import { ConfigError } from '../sessions/errors'
import type { AtomicDriver } from '../sessions/store'
import { lockedDriver } from './locked'
import { memoryDriver } from './memory'

/** A store, and where its keys may be kept if no setting provides them. */
export interface OpenedStore {
  readonly driver: AtomicDriver
  /** Where the sessions are, for an operator: with an absolute path, and without a password. */
  readonly location: string
  /** Whether this start has created it. Unknown for a store on another machine. */
  readonly isNew?: boolean
  /**
   * - `{ file }`: created at the first start, next to the sessions
   * - `'ephemeral'`: new at each start, like the sessions
   * - `'required'`: several servers may share the store, so they must be given the same keys
   */
  readonly defaultKeys: { readonly file: string } | 'ephemeral' | 'required'
}

export interface OpenStoreContext {
  /** The stores that this build contains, by URL scheme. */
  readonly openers: StoreOpeners
  /** Returns the unstorage driver that the app has mounted under a name. */
  mounted(name: string): Driver | undefined
  warn(message: string): void
}

/** Opens the store of a URL; `rest` is what follows the scheme. Returns `undefined` if the URL is not valid. */
export type StoreOpener = (
  rest: string,
  url: string,
  context: Pick<OpenStoreContext, 'mounted' | 'warn'>,
) => OpenedStore | undefined

export type StoreOpeners = Readonly<Record<string, StoreOpener>>

const BUILT_IN: StoreOpeners = {
  memory: openMemory,
  mount: openMount,
}

/** By URL scheme, what to list under `stores` to get it into a build. */
const OPTIONAL: Readonly<Record<string, string>> = { sqlite: 'sqlite', redis: 'redis', rediss: 'redis', fs: 'fs' }

/**
 * Opens the store of a URL: `sqlite:FILE` (`?corrupt=reset` moves a damaged file aside), `memory:`, `fs:FOLDER` (paths
 * are relative to the working directory), `redis://…`, `rediss://…`, or `mount:NAME` for an unstorage driver that the
 * app has mounted.
 *
 * @throws ConfigError for any other URL, and for a store that this build does not contain
 */
export function openStore(url: string, context: OpenStoreContext): OpenedStore {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/.exec(url) ?? []
  const openers: StoreOpeners = { ...BUILT_IN, ...context.openers }
  const store = Object.hasOwn(openers, scheme) ? openers[scheme]!(rest, url, context) : undefined
  if (store) {
    warnAboutProcesses(store.driver, context.warn)
    return store
  }
  assertContained(scheme, openers)
  throw new ConfigError(
    'NUXT_CLOAKROOM_STORE',
    `is "${withoutCredentials(url)}", which is not a store`,
    'Use sqlite:FILE, memory:, fs:FOLDER, redis://HOST, rediss://HOST or mount:NAME, or leave it out for '
    + 'sqlite:.data/sessions.db.',
  )
}

function openMemory(rest: string): OpenedStore | undefined {
  if (rest !== '') return undefined
  return { driver: memoryDriver(), location: 'the memory of this process, and end with it', defaultKeys: 'ephemeral' }
}

function openMount(name: string, _url: string, { mounted }: Pick<OpenStoreContext, 'mounted'>): OpenedStore {
  const driver = mounted(name)
  if (driver) return { driver: lockedDriver(driver), location: `mount:${name}`, defaultKeys: 'required' }
  const problem = `is "mount:${name}", but no storage is mounted there`
  throw new ConfigError('NUXT_CLOAKROOM_STORE', problem, 'Mount one under nitro.storage in nuxt.config.ts.')
}

/** Only the stores that an app uses are part of its build. */
function assertContained(scheme: string, openers: StoreOpeners) {
  if (!Object.hasOwn(OPTIONAL, scheme) || Object.hasOwn(openers, scheme)) return
  throw new ConfigError(
    'NUXT_CLOAKROOM_STORE',
    `is a ${scheme}: store, which this build does not contain`,
    `Add '${OPTIONAL[scheme]}' to cloakroom.stores in nuxt.config.ts, and build again.`,
  )
}

/**
 * Warns if a store that is atomic only within one process is used by one of several. A process knows of the others only
 * if its parent says so: `node:cluster` (also Nitro's preset, and PM2's cluster mode), or PM2, which numbers its
 * instances.
 */
function warnAboutProcesses({ name, atomicity }: AtomicDriver, warn: (message: string) => void) {
  const isOneOfSeveral = cluster.isWorker || Number(process.env.NODE_APP_INSTANCE) > 0
  if (atomicity === 'cross-process' || !isOneOfSeveral) return
  warn(`[cloakroom] This is one of several processes, but the store (${name}) is atomic only within one: updates may `
    + `be lost between them. Use sqlite:FILE or redis://HOST.`)
}

/** Without everything that may be one: a URL whose host was forgotten has a password in its place. */
function withoutCredentials(url: string): string {
  return url.replace(/\/\/.*/, '//***').replace(/\?.*/, '?***')
}
