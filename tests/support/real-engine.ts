import { parseConfig } from '../../layers/session/server/engine/config'
import { SessionEngine } from '../../layers/session/server/engine/engine'
import type { EventSink } from '../../layers/session/server/engine/events'
import { generateKey, parseKeyRing } from '../../layers/session/server/engine/key-ring'
import type { AtomicDriver } from '../../layers/session/server/engine/store'

const ring = parseKeyRing(generateKey())

/**
 * An engine on the real clock, which waits for its store for as long as that takes: a busy machine is no outage. All of one test file share their keys, as the
 * servers of one app do.
 */
export function makeEngine(driver: AtomicDriver, config: Record<string, string> = {}, emit?: EventSink): SessionEngine {
  return new SessionEngine({ driver: { ...driver, hasDeadline: true }, ring, config: parseConfig(config), emit })
}
