import type { Clock } from './clock'
import { SessionError } from './errors'
import type { EventSink } from './events'
import type { GuardedStore } from './guarded-store'
import { handleOf } from './identity'
import type { EndReason } from './store'

/** How many removals are owed at most; beyond, the oldest is given up and ends by its own clocks. */
const MOST_OWED = 10_000

/**
 * Ends sessions for good. A removal that the store did not take is owed: it is told as a failure, tried again at the next
 * sweep, and until it is done this process lets nobody in with that session. It is kept in memory only, so it is lost
 * with the process; the session then lives on until its clocks end it.
 */
export class Removals {
  readonly #owed = new Map<string, EndReason>()

  constructor(private readonly store: GuardedStore, private readonly clock: Clock, private readonly emit: EventSink) {}

  /** A request that still holds the session can save no more. `false`: it was gone already. @throws SessionError `store_unavailable` */
  async remove(key: string, reason: EndReason): Promise<boolean> {
    try {
      const removed = await this.store.ask('remove', driver => driver.remove(key, this.clock(), reason))
      if (removed) this.emit({ type: 'ended', handle: handleOf(key), reason })
      this.#owed.delete(key)
      return removed
    }
    catch (error) {
      this.#owe(key, reason)
      throw error
    }
  }

  /** The same where a failure changes no answer. The store's outage has been reported by then. */
  async attempt(key: string, reason: EndReason): Promise<void> {
    await this.remove(key, reason).catch((error: unknown) => {
      if (!(error instanceof SessionError)) throw error
    })
  }

  owes(key: string): boolean {
    return this.#owed.has(key)
  }

  /** Why a session ended whose removal is owed. */
  reasonOwed(key: string): EndReason | null {
    return this.#owed.get(key) ?? null
  }

  /** Does what is owed: for one session, or for all. @throws SessionError `store_unavailable`; the rest stays owed */
  async settle(...keys: string[]): Promise<void> {
    for (const key of keys.length > 0 ? keys : [...this.#owed.keys()]) await this.remove(key, this.#owed.get(key)!)
  }

  #owe(key: string, reason: EndReason) {
    if (reason === 'expired') return
    this.#owed.set(key, reason)
    if (this.#owed.size > MOST_OWED) this.#owed.delete(this.#owed.keys().next().value!)
  }
}
