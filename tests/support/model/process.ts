import { parseConfig } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { SessionEngine } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import type { SessionEvent } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/events'
import type { AtomicDriver, Clock } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { newRing } from '../engine'
import type { ModelSession } from './model'
import { SETTINGS } from './model'
import type { PreparedStore } from './stores'

const ring = newRing()

/** One process of an app: an engine with a driver of its own on the shared store. */
export interface ModelProcess {
  readonly engine: SessionEngine
  /** Reads the same store by the same clock and changes nothing, not even by presenting a cookie. */
  readonly observer: SessionEngine
  readonly driver: AtomicDriver
  readonly clock: Clock
  /** What the model knows of its memory: whose removal failed here, with the user, and how many did in a row. */
  readonly pending: Map<ModelSession, string | null>
  failuresInRow: number
  /** What the engine emitted since the last call. */
  takeEvents(): SessionEvent[]
  /** While `task` runs, the store accepts no removal, and replaces records without an answer. */
  duringOutage<Result>(task: () => Promise<Result>): Promise<Result>
  /** Waits for touches, for which no request waits. */
  untilTouched(): Promise<unknown>
}

export function startProcess(
  store: Pick<PreparedStore, 'open'>,
  clock: Clock,
  onSecretReuse: 'refuse' | 'revoke',
): ModelProcess {
  const config = parseConfig({ ...SETTINGS, onSecretReuse })
  // A busy machine is not an outage.
  const driver: AtomicDriver = { ...store.open(clock), hasDeadline: true }
  let events: SessionEvent[] = []
  let touching: unknown
  let isDown = false
  const tracked: AtomicDriver = {
    ...driver,
    touch: (...args) => {
      const result = driver.touch(...args)
      touching = result
      return result
    },
    remove: (...args) => {
      if (isDown) throw new Error('the store is down')
      return driver.remove(...args)
    },
    async replace(...args) {
      const result = await driver.replace(...args)
      if (isDown) throw new Error('the store does not answer')
      return result
    },
  }
  const readOnly: AtomicDriver = { ...driver, replace: () => 'conflict', remove: () => false }
  const engine = new SessionEngine({ driver: tracked, ring, config, clock })
  engine.events.subscribe(event => events.push(event))
  return {
    engine,
    observer: new SessionEngine({ driver: readOnly, ring, config, clock }),
    driver,
    clock,
    pending: new Map(),
    failuresInRow: 0,
    takeEvents() {
      const taken = events
      events = []
      return taken
    },
    async duringOutage(task) {
      isDown = true
      try {
        return await task()
      }
      finally {
        isDown = false
      }
    },
    untilTouched: async () => touching,
  }
}
