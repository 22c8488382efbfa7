import type { Clock } from './clock'
import { SessionError } from './errors'
import type { EventSink } from './events'
import type { AtomicDriver, MaybePromise } from './store'

/** After this many failures in a row the store is left alone for a while, so that nobody waits for what will not come. */
const MOST_FAILURES = 5
/** Milliseconds after which one request may try again whether the store is back. */
const PROBE_EVERY = 1000
/** Milliseconds that a driver without a deadline of its own may take, waiting for its turn included. */
const LONGEST_ANSWER = 2500

/** A driver behind a circuit breaker: a failure of any kind becomes `store_unavailable`, and many in a row fail at once. */
export class GuardedStore {
  #failures = 0
  #closedUntil = 0

  constructor(readonly driver: AtomicDriver, private readonly clock: Clock, private readonly emit: EventSink) {}

  /**
   * Answers at once where the driver does, so that a read of SQLite or of memory makes no promise. Fails by a rejected promise only.
   *
   * @throws SessionError `store_unavailable`
   */
  ask<T>(operation: string, question: (driver: AtomicDriver) => MaybePromise<T>): MaybePromise<T> {
    if (this.#failures >= MOST_FAILURES && !this.#takesTurn()) return Promise.reject(unavailable())
    try {
      const asked = question(this.driver)
      return asked instanceof Promise ? this.#wait(operation, asked) : this.#answered(asked)
    }
    catch (error) {
      return Promise.reject(this.#failed(operation, error))
    }
  }

  async #wait<T>(operation: string, asked: Promise<T>): Promise<T> {
    try {
      return this.#answered(await (this.driver.hasDeadline ? asked : inTime(asked)))
    }
    catch (error) {
      throw this.#failed(operation, error)
    }
  }

  #answered<T>(answer: T): T {
    this.#failures = 0
    return answer
  }

  #failed(operation: string, error: unknown): SessionError {
    this.#failures++
    this.emit({ type: 'store_failure', operation, error })
    return unavailable(error)
  }

  /** Lets one request a second through to a failing store, and refuses the others. */
  #takesTurn(): boolean {
    const now = this.clock()
    // A clock that was set back must not keep the circuit open for longer.
    const waiting = now < this.#closedUntil && this.#closedUntil - now <= PROBE_EVERY
    if (!waiting) this.#closedUntil = now + PROBE_EVERY
    return !waiting
  }
}

/** What comes later is dropped: a write may then have happened all the same, as with any lost answer. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${LONGEST_ANSWER} ms`)), LONGEST_ANSWER)
  })
  try {
    return await Promise.race([answer, late])
  }
  finally {
    clearTimeout(timer)
  }
}

function unavailable(cause?: unknown): SessionError {
  return new SessionError('store_unavailable', 'The session store does not answer. Try again in a moment.', { cause })
}
