import type { SessionEndReason } from '../../shared/types/session'
import { confirmWrite } from './confirm-write'
import { sessionIdOf } from './crypto'
import { SessionError } from './errors'
import type { SessionEvents } from './events'
import type { Generations } from './generations'
import type { GuardedStore } from './guarded-store'
import type { Clock } from './store'

/** Beyond this number the oldest pending removal is dropped, and its session ends by its own timeouts. */
const MAX_PENDING = 10_000

interface PendingRemoval {
  /** When it was first tried, milliseconds since the epoch. */
  readonly since: number
  readonly reason: SessionEndReason
  /** Only while the session belongs to this user; `null`: to none; `undefined`: to any. */
  readonly userId: string | null | undefined
}

/**
 * Ends sessions for good. A removal that the store did not accept is reported as a failure and stays pending: it is
 * retried at the next sweep, and until it succeeds this process accepts no request with that session. Pending removals
 * are kept in memory only and lost with the process; such a session then lives on until it times out.
 */
export class PendingRemovals {
  readonly #store: GuardedStore
  readonly #clock: Clock
  readonly #events: Pick<SessionEvents, 'emit'>
  readonly #generations: Generations
  readonly #pending = new Map<string, PendingRemoval>()

  constructor(store: GuardedStore, clock: Clock, events: Pick<SessionEvents, 'emit'>, generations: Generations) {
    this.#store = store
    this.#clock = clock
    this.#events = events
    this.#generations = generations
  }

  /** Whether the removal of the session with this store key is pending. */
  has(key: string): boolean {
    return this.#pending.has(key)
  }

  /** Why a session ended whose removal is pending. */
  reasonFor(key: string): SessionEndReason | undefined {
    return this.#pending.get(key)?.reason
  }

  /**
   * A request that still holds the session can then no longer write to it. Returns `false` if it was gone already, or
   * if it belongs to another user than `userId`.
   *
   * @param userId the user that the session must still have, or `null` for none; left out, it may have any
   * @throws SessionError `store_unavailable`
   */
  async remove(key: string, reason: SessionEndReason, userId?: string | null): Promise<boolean> {
    const before = this.#pending.get(key)
    const at = this.#clock()
    try {
      const write = () => this.#store.remove(key, at, reason, userId)
      const removed = await confirmWrite(write, () => this.#findTombstone(key, at, reason))
      const endReason = removed ? reason : await this.#findEarlierRemoval(key, before)
      if (endReason) this.#reportEnd(key, endReason)
      this.#pending.delete(key)
      return endReason !== null
    }
    catch (error) {
      this.#add(key, { since: before?.since ?? at, reason, userId })
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
    for (const key of keys.length > 0 ? keys : [...this.#pending.keys()]) {
      const pending = this.#pending.get(key)
      if (pending) await this.remove(key, pending.reason, pending.userId)
    }
  }

  #reportEnd(key: string, reason: SessionEndReason) {
    this.#generations.end(key)
    this.#events.emit({ type: 'ended', id: sessionIdOf(key), reason })
  }

  /** Why the session has ended, if an earlier try of this process has removed it, although no answer said so. */
  async #findEarlierRemoval(key: string, before: PendingRemoval | undefined): Promise<SessionEndReason | null> {
    const tombstone = before ? await this.#store.readTombstone(key) : null
    return tombstone && tombstone.removedAt >= before!.since && tombstone.reason === before!.reason
      ? tombstone.reason
      : null
  }

  async #findTombstone(key: string, at: number, reason: SessionEndReason): Promise<true | null> {
    const tombstone = await this.#store.readTombstone(key)
    return tombstone?.removedAt === at && tombstone.reason === reason ? true : null
  }

  #add(key: string, pending: PendingRemoval) {
    if (pending.reason === 'expired') return
    this.#pending.set(key, pending)
    if (this.#pending.size > MAX_PENDING) this.#pending.delete(this.#pending.keys().next().value!)
  }
}
