import { parseConfig } from '../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import type { SessionEventListener } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/events'
import { generateKey, parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import type { AtomicDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'

const ring = parseKeyRing(generateKey())

/**
 * An engine with the real clock, which waits for its store without a deadline, because a busy machine is not an
 * outage. All engines of one test file share their keys, like the servers of one app.
 */
export function createEngine(
  driver: AtomicDriver,
  config: Record<string, string> = {},
  listener?: SessionEventListener,
): SessionEngine {
  const engine = new SessionEngine({ driver: { ...driver, hasDeadline: true }, ring, config: parseConfig(config) })
  if (listener) engine.events.subscribe(listener)
  return engine
}
