import { SETTING_NAMES, assertKnownSettings, envNameOf, parseFields } from './runtime/server/nitro/settings'
import { ConfigError } from './runtime/server/sessions/errors'
import { LOAD_STRATEGIES } from './runtime/shared/load-strategy'
import type { LoadStrategy } from './runtime/shared/load-strategy'

/** A store that is part of the build only if the app uses it. `memory:` and `mount:NAME` are always included. */
export type StoreName = 'sqlite' | 'redis' | 'fs'

/**
 * The module's options, under `cloakroom` in `nuxt.config.ts`. Except for `stores` and `loadStrategy`, each one can be
 * set at run time by an environment variable: `NUXT_CLOAKROOM_` and its name in capitals, for example
 * `NUXT_CLOAKROOM_IDLE_TIMEOUT`. Durations are a number and a unit, from `1s` to `400d`.
 */
export interface ModuleOptions {
  /** Stores to include in the build. Default: the one that `store` (or `NUXT_CLOAKROOM_STORE`) names at build time. */
  stores?: StoreName[]
  /**
   * When the session is loaded on pages that do not ask for it. `server-first`: before the first middleware, on the
   * server or, for a page that is cached or not rendered there, in the browser. `client-only`: in the browser.
   * `none`: not at all. Default `server-first`. Set at build time.
   */
  loadStrategy?: LoadStrategy
  /**
   * Where sessions are stored: `sqlite:FILE`, `redis://…`, `fs:FOLDER`, `memory:`, `mount:NAME`. Default
   * `sqlite:.data/sessions.db`.
   */
  store?: string
  /** Origins at which the app is reached, for a server behind a proxy. Default: those of the TLS listener. */
  origin?: string | string[]
  /** Other origins that may call with credentials. Default: none. */
  allowedOrigins?: string | string[]
  /** Exact paths that programs of other origins may call, for example a payment provider. Default: none. */
  webhookPaths?: string | string[]
  /** Whether every request comes from a proxy that ends TLS. Default `false`. */
  behindProxy?: boolean
  /** Addresses and networks of the proxies in front of this server, or `unix`. Default: none. */
  trustedProxies?: string | string[]
  /** How many forged cookies one address may send in a minute. Default 100. */
  forgedCookieLimit?: number
  /** How many event streams and WebSockets a process holds, at most half of its open files. Default 5,000. */
  maxConnections?: number
  /** How many event streams and WebSockets without a signed-in user one address may have. Default 256. */
  maxConnectionsPerAddress?: number
  /** The longest message that a WebSocket of the app receives, in bytes. Default 65,536. */
  webSocketMaxBytes?: number
  /** Whether the cookie is for use from another site (`SameSite=None; Partitioned`). Default `false`. */
  crossSite?: boolean
  /** Whether sign-out also sends `Clear-Site-Data: "cache"`, which can take a browser seconds. Default `false`. */
  clearSiteData?: boolean
  /** Starts with `__Host-`. Default `__Host-session`. Set it here, and not at run time, if pages are prerendered. */
  cookieName?: string
  /** Time without activity after which a signed-in session ends. Default `30m`. */
  idleTimeout?: string
  /** Time after sign-in at which a session ends. Default `12h`. */
  absoluteTimeout?: string
  /** The same for "remember me". Default `7d`. */
  rememberIdleTimeout?: string
  /** Default `30d`. */
  rememberAbsoluteTimeout?: string
  /** The same for anonymous sessions. Default `1h`. */
  anonymousIdleTimeout?: string
  /** Default `24h`. */
  anonymousAbsoluteTimeout?: string
  /** How often an active session gets a new secret. Default `15m`. */
  rotateEvery?: string
  /** How long the previous secret is accepted once the new one was first used. Default `30s`. */
  rotationGrace?: string
  /** What happens when a secret is used after its grace period. Default `revoke`. */
  onSecretReuse?: 'refuse' | 'revoke'
  /** How long after authentication a session counts as fresh. Default `10m`. */
  freshFor?: string
  /** How many sessions a user may have. Default 20. */
  maxPerUser?: number
  /** What happens at that limit. Default `evict-oldest`. */
  userLimitPolicy?: 'evict-oldest' | 'reject'
  /** Above this number the oldest anonymous sessions are deleted. Default 100,000. */
  maxAnonymous?: number
  /** Where the audit trail is written. Default `stdout`. */
  audit?: 'stdout' | 'off'
  /** Whether `GET /api/_session/diagnose` exists. Default: in development only. */
  diagnose?: boolean
}

/** How each store is imported, by name: the file and its opener for each URL scheme. */
const STORES: Record<StoreName, { file: string, opener: string, schemes: string[] }> = {
  sqlite: { file: 'open-sqlite', opener: 'openSqlite', schemes: ['sqlite'] },
  redis: { file: 'redis', opener: 'openRedis', schemes: ['redis', 'rediss'] },
  fs: { file: 'fs', opener: 'openFolder', schemes: ['fs'] },
}

const nameOption = (name: string) => `cloakroom.${name}`

/**
 * Not by `meta.compatibility`: Nuxt would only disable the module, and run the app without sessions.
 *
 * @throws Error, which stops the build, on another Nuxt than 4
 */
export function assertNuxt4(version: string): void {
  const major = Number.parseInt(version, 10)
  if (major === 4) return
  const reason = major > 4 ? ' yet: on Nitro 3 its guards would have no effect, so' : ':'
  throw new Error(`[cloakroom] nuxt-cloakroom does not support Nuxt ${version}${reason} use Nuxt 4.`)
}

/**
 * Checks the options and the build-time runtime configuration.
 *
 * @throws ConfigError, which stops the build, for an unknown name or a value that is not valid
 */
export function checkOptions(options: ModuleOptions, runtimeConfig: unknown): void {
  const { stores = [], loadStrategy = 'server-first', ...settings } = options
  assertKnownSettings(Object.keys(settings), [...SETTING_NAMES, 'stores', 'loadStrategy'], nameOption)
  const runtimeNames = Object.keys(Object(runtimeConfig) as object)
  assertKnownSettings(runtimeNames, SETTING_NAMES, name => `runtimeConfig.${nameOption(name)}`)
  const unknown = stores.find(store => !Object.hasOwn(STORES, store))
  if (unknown !== undefined) {
    const fix = `Use ${Object.keys(STORES).join(', ')}.`
    throw new ConfigError(nameOption('stores'), `lists "${unknown}", which is not a store`, fix)
  }
  if (!LOAD_STRATEGIES.includes(loadStrategy)) {
    const problem = `is "${String(loadStrategy)}", which is not a strategy`
    throw new ConfigError(nameOption('loadStrategy'), problem, `Use ${LOAD_STRATEGIES.join(', ')}.`)
  }
  parseFields(settings, nameOption)
}

/** The stores that the build has to contain. */
export function requiredStores({ stores, store }: ModuleOptions, env: NodeJS.ProcessEnv): StoreName[] {
  if (stores) return stores
  const scheme = (env[envNameOf('store')] || store || 'sqlite:').split(':', 1)[0]!
  const names = Object.keys(STORES) as StoreName[]
  return names.filter(name => STORES[name].schemes.includes(scheme))
}

/** The contents of the virtual module `#cloakroom-stores`: the opener of each store by URL scheme. */
export function storesTemplate(stores: readonly StoreName[], folder: string): string {
  const used = stores.map(name => STORES[name])
  const imports = used.map(({ file, opener }) => `import { ${opener} } from ${JSON.stringify(`${folder}/${file}`)}`)
  const entries = used.flatMap(({ opener, schemes }) => schemes.map(scheme => `${scheme}: ${opener}`))
  return [...imports, `export const storeOpeners = { ${entries.join(', ')} }`, ''].join('\n')
}
