import { consola } from 'consola'
import { useRuntimeConfig, useStorage } from 'nitropack/runtime'
import { openStore } from '../drivers/from-url'
import type { ConfiguredStore } from '../drivers/from-url'
import { readOrMakeKeyFile } from '../drivers/key-file'
import { parseConfig } from '../engine/config'
import { SessionEngine } from '../engine/engine'
import { ConfigError } from '../engine/errors'
import type { EventSink } from '../engine/events'
import { generateKey, parseKeyRing } from '../engine/key-ring'
import type { KeyRing } from '../engine/key-ring'
import type { KnownOrigins } from '../engine/request-origin'
import { AuditTrail } from './audit'
import { addressReader } from './client-address'
import type { AddressReader } from './client-address'
import { ForgedCookies } from './forged-cookies'
import { LiveSessions } from './live-sessions'

/** The one session layer of this process. */
export interface SessionLayer {
  readonly engine: SessionEngine
  readonly ring: KeyRing
  readonly live: LiveSessions
  readonly origins: KnownOrigins & { readonly own: Set<string> }
  /** Whoever posts to these is not checked for its origin. */
  readonly webhookPaths: ReadonlySet<string>
  readonly clientAddress: AddressReader
  readonly forgedCookies: ForgedCookies
  close(): Promise<void>
}

/** Where the store is mounted: `useStorage('sessions')` looks inside. */
const MOUNT = 'sessions'

let layer: SessionLayer | undefined

/**
 * Reads and checks the configuration, opens the store, makes the engine. Called once, at start.
 *
 * @throws ConfigError, StoreError: the server must not start then
 */
export function startSessionLayer(emit: EventSink): SessionLayer {
  const config = parseConfig(useRuntimeConfig().session, { dev: import.meta.dev })
  const store = openStore(config.store, { mounted: mountedDriver, warn: message => consola.warn(message) })
  const ring = keyRing(config.keys, store)
  const audit = config.audit === 'stdout' ? new AuditTrail(writeLine) : null
  const engine: SessionEngine = new SessionEngine({
    config,
    driver: store.driver,
    ring,
    emit(event) {
      audit?.note(event)
      if (event.type === 'ended') live.ended(event.handle, event.reason)
      emit(event)
    },
    ownerChanged: owner => live.changed(owner),
    signedIn: (handle, answered) => live.signedIn(handle, answered),
  })
  const live = new LiveSessions(engine)
  const clientAddress = addressReader(config.trustedProxies, config)
  useStorage().mount(MOUNT, store.driver)
  layer = {
    engine,
    ring,
    live,
    origins: { own: new Set(config.origins), allowed: new Set(config.allowedOrigins) },
    webhookPaths: new Set(config.webhookPaths),
    clientAddress,
    forgedCookies: new ForgedCookies({ ring, cookieName: config.cookieName, most: config.forgedCookieLimit, address: clientAddress, clock: engine.clock }),
    async close() {
      await useStorage().unmount(MOUNT)
      audit?.close()
    },
  }
  return layer
}

/** The session layer, started by its plugin. */
export function sessionLayer(): SessionLayer {
  if (!layer) throw new Error('[session] is not running: no session can be used while pages are prerendered or before the server has started')
  return layer
}

function keyRing(keys: string, { defaultKeys }: ConfiguredStore): KeyRing {
  if (keys) return parseKeyRing(keys)
  if (defaultKeys === 'required') {
    throw new ConfigError('NUXT_SESSION_KEYS', 'is not set, and this store may be shared by several servers, which must all have the same keys', 'Make a key with: node -e "console.log(crypto.randomBytes(32).toString(\'base64url\'))"')
  }
  if (defaultKeys === 'ephemeral') return parseKeyRing(generateKey())
  return parseKeyRing(readOrMakeKeyFile(defaultKeys.file), `The key file ${defaultKeys.file}`)
}

/** By the console, which outlives a standard output that has been closed. */
function writeLine(line: string) {
  console.log(line)
}

/** The unstorage driver that the app has mounted under this name; the root mount counts for no name. */
function mountedDriver(name: string) {
  const mount = useStorage().getMount(`${name}:`)
  return mount.base === `${name}:` ? mount.driver : undefined
}
