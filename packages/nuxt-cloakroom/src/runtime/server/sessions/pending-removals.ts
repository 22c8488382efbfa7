import type { SessionEndReason } from '../../shared/types/session'
import { sessionIdOf } from './crypto'
import { SessionError } from './errors'
import type { SessionEvents } from './events'
import type { GuardedStore } from './guarded-store'
import type { Clock } from './store'

/** Beyond this number the oldest pending removal is dropped, and its session ends by its own timeouts. */
const MAX_PENDING = 10_000

/**
 * Ends sessions for good. A removal that the store did not accept is reported as a failure and stays pending: it is
 * retried at the next sweep, and until it succeeds this process accepts no request with that session. Pending removals
 * are kept in memory only and lost with the process; such a session then lives on until it times out.
 */
export class PendingRemovals {
  readonly #store: GuardedStore
  readonly #clock: Clock
  readonly #events: Pick<SessionEvents, 'emit'>
  readonly #reasons = new Map<string, SessionEndReason>()
  /** Why each session ended whose removal is pending, by its store key. */
  readonly reasons: ReadonlyMap<string, SessionEndReason> = this.#reasons

  constructor(store: GuardedStore, clock: Clock, events: Pick<SessionEvents, 'emit'>) {
    this.#store = store
    this.#clock = clock
    this.#events = events
  }

  /**
   * A request that still holds the session can then no longer write to it. Returns `false` if it was gone already.
   *
   * @throws SessionError `store_unavailable`
   */
  async remove(key: string, reason: SessionEndReason): Promise<boolean> {
    try {
      const removed = await this.#store.remove(key, this.#clock(), reason)
      if (removed) this.#events.emit({ type: 'ended', id: sessionIdOf(key), reason })
      this.#reasons.delete(key)
      return removed
    }
    catch (error) {
      this.#add(key, reason)
      throw error
    }
  }

  /** Like `remove`, for callers that do not depend on it. The failure of the store has been reported by then. */
  async tryRemove(key: string, reason: SessionEndReason): Promise<void> {
    await this.remove(key, reason).catch((error: unknown) => {
      if (!(error instanceof SessionError)) throw error
    })
  }

  /** Retries pending removals: one, or all. @throws SessionError `store_unavailable`; the others stay pending */
  async retry(...keys: string[]): Promise<void> {
    const pending = keys.length > 0 ? keys : [...this.#reasons.keys()]
    for (const key of pending) await this.remove(key, this.#reasons.get(key)!)
  }

  #add(key: string, reason: SessionEndReason) {
    if (reason === 'expired') return
    this.#reasons.set(key, reason)
    if (this.#reasons.size > MAX_PENDING) this.#reasons.delete(this.#reasons.keys().next().value!)
  }
}
