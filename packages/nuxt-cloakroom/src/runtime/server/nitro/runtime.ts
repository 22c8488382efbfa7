import { Console } from 'node:console'
import { consola } from 'consola'
import { addressReader, trustedPeer } from '../http/client-address'
import type { AddressReader } from '../http/client-address'
import { ForgedCookies } from '../http/forged-cookies'
import type { KnownOrigins } from '../http/request-headers'
import { ConnectionLimits, maxOpenFiles, roomForConnections } from '../live/connection-limits'
import { Connections } from '../live/connections'
import { AuditTrail } from '../sessions/audit-trail'
import { SessionEngine } from '../sessions/engine'
import { ConfigError } from '../sessions/errors'
import { KEY_COMMAND, generateKey, parseKeyRing } from '../sessions/key-ring'
import type { KeyRing } from '../sessions/key-ring'
import { readOrCreateKeyFile } from '../stores/key-file'
import { openStore } from '../stores/open-store'
import type { OpenedStore, StoreOpeners } from '../stores/open-store'
import { mountStorage, mountedDriver, readSettings } from './platform'
import { ListenerWatch } from './server-stop'
import type { CloakroomConfig } from './settings'
import { ENV_PREFIX, SETTING_NAMES, assertKnownSettings, envNameOf, parseConfig } from './settings'

/** What the module holds while the server runs. */
export interface Cloakroom {
  readonly config: CloakroomConfig
  readonly engine: SessionEngine
  readonly connections: Connections
  readonly connectionLimits: ConnectionLimits
  readonly listenerWatch: ListenerWatch
  readonly origins: KnownOrigins & { readonly own: Set<string> }
  /** Requests to these paths are not checked for their origin. */
  readonly webhookPaths: ReadonlySet<string>
  readonly clientAddress: AddressReader
  /** Whether the peer of a request is a trusted proxy. */
  readonly isTrustedPeer: ReturnType<typeof trustedPeer>
  readonly forgedCookies: ForgedCookies
  readonly store: Pick<OpenedStore, 'location' | 'isNew'>
  close(): Promise<void>
}

/** The name under which the store is mounted, for `useStorage('cloakroom')`. */
const MOUNT = 'cloakroom'

let running: Cloakroom | undefined

/**
 * Checks the configuration, opens the store and creates the engine. Called once, at start.
 *
 * @param openers the stores that this build contains, by URL scheme
 * @throws ConfigError, StoreError: then the server must not start
 */
export function startCloakroom(openers: StoreOpeners): Cloakroom {
  const settings = readSettings()
  assertKnownSettings(Object.keys(settings), SETTING_NAMES, name => `runtimeConfig.cloakroom.${name}`)
  assertKnownSettings(environmentNames(), SETTING_NAMES.map(envNameOf))
  const config = parseConfig(settings, { dev: Boolean(import.meta.dev) })
  const store = openStore(config.store, { openers, mounted: mountedDriver, warn: message => consola.warn(message) })
  const ring = keyRingFor(config.keys, store)
  const engine = new SessionEngine({ config, driver: store.driver, ring })
  // For the browser, which needs it to tell apps apart. Nitro reads it for each request.
  process.env.NUXT_PUBLIC_CLOAKROOM_COOKIE_NAME ??= config.cookieName
  const audit = config.audit === 'stdout' ? new AuditTrail(writeLine) : null
  const connections = new Connections(engine)
  if (audit) engine.events.subscribe(event => audit.record(event))
  engine.events.subscribe(event => connections.onSessionEvent(event))
  const clientAddress = addressReader(config.trustedProxies, config)
  const { cookieName, forgedCookieLimit: max } = config
  const unmount = mount(store)
  running = {
    config,
    engine,
    connections,
    connectionLimits: new ConnectionLimits({
      max: roomForConnections(config.maxConnections, [maxOpenFiles()]),
      maxPerAddress: config.maxConnectionsPerAddress,
    }),
    listenerWatch: new ListenerWatch(connections),
    origins: { own: new Set(config.origins), allowed: new Set(config.allowedOrigins) },
    webhookPaths: new Set(config.webhookPaths),
    clientAddress,
    isTrustedPeer: trustedPeer(config.trustedProxies),
    forgedCookies: new ForgedCookies({
      ring,
      cookieName,
      max,
      address: clientAddress,
      clock: engine.clock,
      onUnknownKey: () => warnAboutUnknownKey(cookieName),
    }),
    store,
    async close() {
      await unmount()
      audit?.close()
    },
  }
  return running
}

/** The running module. @throws Error while pages are prerendered and before the server has started */
export function useCloakroom(): Cloakroom {
  if (running) return running
  throw new Error('[cloakroom] No session can be used while pages are prerendered or before the server has started.')
}

function environmentNames(): string[] {
  return Object.keys(process.env).filter(name => name.startsWith(ENV_PREFIX))
}

function mount({ driver }: OpenedStore): () => Promise<void> {
  if (mountedDriver(MOUNT)) {
    const problem = `has a storage "${MOUNT}", under which the module mounts its own`
    throw new ConfigError('nitro.storage', problem, 'Give it another name in nuxt.config.ts.')
  }
  return mountStorage(MOUNT, driver)
}

function keyRingFor(keys: string, { defaultKeys }: OpenedStore): KeyRing {
  if (keys) return parseKeyRing(keys)
  if (defaultKeys === 'required') {
    const problem = 'is not set, and several servers may share this store, which all need the same keys'
    throw new ConfigError(envNameOf('keys'), problem, `Create a key with: ${KEY_COMMAND}`)
  }
  if (defaultKeys === 'ephemeral') return parseKeyRing(generateKey())
  return parseKeyRing(readOrCreateKeyFile(defaultKeys.file), `The key file ${defaultKeys.file}`)
}

function warnAboutUnknownKey(cookieName: string) {
  consola.warn(`[cloakroom] A browser sent a session cookie that was sealed with a key this server does not have, so `
    + `it is ignored. Either the keys were changed or lost, or another app on this host uses the cookie name `
    + `${cookieName} too: browsers share cookies between ports. Keep old keys at the end of ${envNameOf('keys')}, or `
    + `set ${envNameOf('cookieName')} to another name. This is reported once.`)
}

/** Survives a closed standard output. Not the global console, whose calls bundlers can remove. */
const output = new Console({ stdout: process.stdout, ignoreErrors: true })

function writeLine(line: string) {
  output.log(line)
}
