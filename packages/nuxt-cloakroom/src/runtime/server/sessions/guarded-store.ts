import type { SessionEvents } from './events'
import { SessionError } from './errors'
import { withoutDetails } from './safe-error'
import type {
  AssignUserResult, AtomicDriver, Clock, ListedRecord, MaybePromise, RecordMeta, ReplaceResult, StoredRecord, Tombstone,
} from './store'
import { assertUserId } from './user-ids'

/** After this many failures in a row, calls fail immediately for a while, so that no request waits in vain. */
const MAX_FAILURES = 5
/** After this time one call is let through to check whether the store is back. */
const PROBE_INTERVAL_MS = 1000
/** How long a driver without a deadline of its own may take, including its queue. */
const DEADLINE_MS = 2500

type Arguments<Method extends keyof AtomicDriver>
  = Required<AtomicDriver>[Method] extends (...args: infer Values) => unknown ? Values : never

/**
 * A driver behind two circuit breakers, with the driver's own methods: any failure becomes `store_unavailable`, and
 * after several in a row calls fail immediately. Reads have a breaker of their own, because a store that cannot be
 * written to, for example one without memory, can often be read.
 *
 * A method returns a plain value if the driver does, so that a read of SQLite or of memory creates no promise. It fails
 * by a rejected promise only.
 *
 * @throws SessionError `store_unavailable`, from every method
 * @throws TypeError as `assertUserId`, from those that take a user id; only failures of the store count
 */
export class GuardedStore {
  readonly driver: AtomicDriver
  readonly #events: Pick<SessionEvents, 'emit'>
  readonly #reads: CircuitBreaker
  readonly #writes: CircuitBreaker

  constructor(driver: AtomicDriver, clock: Clock, events: Pick<SessionEvents, 'emit'>) {
    this.driver = driver
    this.#events = events
    this.#reads = new CircuitBreaker(clock)
    this.#writes = new CircuitBreaker(clock)
  }

  read(key: string): MaybePromise<StoredRecord | null> {
    return this.#call(this.#reads, 'read', () => this.driver.read(key))
  }

  create(key: string, value: string, meta: RecordMeta): MaybePromise<boolean> {
    return this.#call(this.#writes, 'create', () => this.driver.create(key, value, meta), value, meta)
  }

  replace(key: string, value: string, meta: RecordMeta, expectedVersion: number): MaybePromise<ReplaceResult> {
    const replace = () => this.driver.replace(key, value, meta, expectedVersion)
    return this.#call(this.#writes, 'replace', replace, value, meta)
  }

  assignUser(...args: Arguments<'assignUser'>): MaybePromise<AssignUserResult> {
    const [, value, meta] = args
    const assign = () => this.#call(this.#writes, 'assignUser', () => this.driver.assignUser(...args), value, meta)
    return forUser(meta.userId, assign)
  }

  touch(key: string, lastSeenAt: number): MaybePromise<boolean> {
    return this.#call(this.#writes, 'touch', () => this.driver.touch(key, lastSeenAt))
  }

  remove(...args: Arguments<'remove'>): MaybePromise<boolean> {
    return this.#call(this.#writes, 'remove', () => this.driver.remove(...args))
  }

  readTombstone(key: string): MaybePromise<Tombstone | null> {
    return this.#call(this.#reads, 'readTombstone', () => this.driver.readTombstone(key))
  }

  removeByUser(...args: Arguments<'removeByUser'>): MaybePromise<string[]> {
    const [userId] = args
    const remove = () => this.#call(this.#writes, 'removeByUser', () => this.driver.removeByUser(...args), userId)
    return forUser(userId, remove)
  }

  listByUser(userId: string): MaybePromise<ListedRecord[]> {
    const list = () => this.#call(this.#reads, 'listByUser', () => this.driver.listByUser(userId), userId)
    return forUser(userId, list)
  }

  sweep(now: number, limit: number): MaybePromise<number> {
    return this.#call(this.#writes, 'sweep', () => this.driver.sweep(now, limit))
  }

  trimAnonymous(max: number, limit: number): MaybePromise<number> {
    return this.#call(this.#writes, 'trimAnonymous', () => this.driver.trimAnonymous(max, limit))
  }

  /** @param given what an error of the driver might quote */
  #call<T>(
    breaker: CircuitBreaker,
    operation: string,
    operate: () => MaybePromise<T>,
    given?: string,
    meta?: RecordMeta,
  ): MaybePromise<T> {
    if (breaker.isOpen()) return Promise.reject(unavailable())
    const fail = (error: unknown) => this.#fail(breaker, operation, error, [given, meta?.userId])
    try {
      const result = operate()
      if (result instanceof Promise) return this.#wait(breaker, result, fail)
      breaker.failures = 0
      return result
    }
    catch (error) {
      return Promise.reject(fail(error))
    }
  }

  async #wait<T>(breaker: CircuitBreaker, pending: Promise<T>, fail: (error: unknown) => SessionError): Promise<T> {
    try {
      const result = await (this.driver.hasDeadline ? pending : withDeadline(pending))
      breaker.failures = 0
      return result
    }
    catch (error) {
      throw fail(error)
    }
  }

  #fail(
    breaker: CircuitBreaker,
    operation: string,
    reason: unknown,
    given: readonly (string | null | undefined)[],
  ): SessionError {
    const error = withoutDetails(reason, given.filter(text => typeof text === 'string'))
    breaker.failures++
    this.#events.emit({ type: 'store_failure', operation, error })
    return unavailable(error)
  }
}

function forUser<T>(userId: string, call: () => MaybePromise<T>): MaybePromise<T> {
  try {
    assertUserId(userId)
  }
  catch (error) {
    return Promise.reject(error as Error)
  }
  return call()
}

class CircuitBreaker {
  /** In a row. */
  failures = 0
  readonly #clock: Clock
  #openUntil = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether a call fails immediately. Lets one call a second through to a failing store. */
  isOpen(): boolean {
    if (this.failures < MAX_FAILURES) return false
    const now = this.#clock()
    // A clock that was set back must not keep the circuit open for longer.
    if (now < this.#openUntil && this.#openUntil - now <= PROBE_INTERVAL_MS) return true
    this.#openUntil = now + PROBE_INTERVAL_MS
    return false
  }
}

/** A result that comes later is dropped; a write may then have happened, as with any lost response. */
async function withDeadline<T>(result: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No response within ${DEADLINE_MS} ms`)), DEADLINE_MS)
  })
  try {
    return await Promise.race([result, late])
  }
  finally {
    clearTimeout(timer)
  }
}

function unavailable(cause?: unknown): SessionError {
  return new SessionError('store_unavailable', 'The session store is not available. Try again in a moment.', { cause })
}
