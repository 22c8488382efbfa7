import type { SessionEvents } from './events'
import { SessionError } from './errors'
import type {
  AssignUserResult, AtomicDriver, Clock, ListedRecord, MaybePromise, RecordMeta, ReplaceResult, StoredRecord, Tombstone,
} from './store'

/** After this many failures in a row, calls fail immediately for a while, so that no request waits in vain. */
const MAX_FAILURES = 5
/** After this time one call is let through to check whether the store is back. */
const PROBE_INTERVAL_MS = 1000
/** How long a driver without a deadline of its own may take, including its queue. */
const DEADLINE_MS = 2500

type Arguments<Method extends keyof AtomicDriver>
  = Required<AtomicDriver>[Method] extends (...args: infer Values) => unknown ? Values : never

/**
 * A driver behind a circuit breaker, with the driver's own methods: any failure becomes `store_unavailable`, and after
 * several in a row calls fail immediately.
 *
 * A method returns a plain value if the driver does, so that a read of SQLite or of memory creates no promise. It fails
 * by a rejected promise only.
 *
 * @throws SessionError `store_unavailable`, from every method
 */
export class GuardedStore {
  readonly driver: AtomicDriver
  readonly #clock: Clock
  readonly #events: Pick<SessionEvents, 'emit'>
  #failures = 0
  #openUntil = 0

  constructor(driver: AtomicDriver, clock: Clock, events: Pick<SessionEvents, 'emit'>) {
    this.driver = driver
    this.#clock = clock
    this.#events = events
  }

  read(key: string): MaybePromise<StoredRecord | null> {
    return this.#call('read', () => this.driver.read(key))
  }

  create(key: string, value: string, meta: RecordMeta): MaybePromise<boolean> {
    return this.#call('create', () => this.driver.create(key, value, meta))
  }

  replace(key: string, value: string, meta: RecordMeta, expectedVersion: number): MaybePromise<ReplaceResult> {
    return this.#call('replace', () => this.driver.replace(key, value, meta, expectedVersion))
  }

  assignUser(...args: Arguments<'assignUser'>): MaybePromise<AssignUserResult> {
    return this.#call('assignUser', () => this.driver.assignUser(...args))
  }

  touch(key: string, lastSeenAt: number): MaybePromise<boolean> {
    return this.#call('touch', () => this.driver.touch(key, lastSeenAt))
  }

  remove(...args: Arguments<'remove'>): MaybePromise<boolean> {
    return this.#call('remove', () => this.driver.remove(...args))
  }

  readTombstone(key: string): MaybePromise<Tombstone | null> {
    return this.#call('readTombstone', () => this.driver.readTombstone(key))
  }

  removeByUser(...args: Arguments<'removeByUser'>): MaybePromise<string[]> {
    return this.#call('removeByUser', () => this.driver.removeByUser(...args))
  }

  listByUser(userId: string): MaybePromise<ListedRecord[]> {
    return this.#call('listByUser', () => this.driver.listByUser(userId))
  }

  sweep(now: number, limit: number): MaybePromise<number> {
    return this.#call('sweep', () => this.driver.sweep(now, limit))
  }

  trimAnonymous(max: number, limit: number): MaybePromise<number> {
    return this.#call('trimAnonymous', () => this.driver.trimAnonymous(max, limit))
  }

  #call<T>(operation: string, operate: () => MaybePromise<T>): MaybePromise<T> {
    if (this.#failures >= MAX_FAILURES && !this.#mayProbe()) return Promise.reject(unavailable())
    try {
      const result = operate()
      return result instanceof Promise ? this.#wait(operation, result) : this.#succeed(result)
    }
    catch (error) {
      return Promise.reject(this.#fail(operation, error))
    }
  }

  async #wait<T>(operation: string, result: Promise<T>): Promise<T> {
    try {
      return this.#succeed(await (this.driver.hasDeadline ? result : withDeadline(result)))
    }
    catch (error) {
      throw this.#fail(operation, error)
    }
  }

  #succeed<T>(result: T): T {
    this.#failures = 0
    return result
  }

  #fail(operation: string, error: unknown): SessionError {
    this.#failures++
    this.#events.emit({ type: 'store_failure', operation, error })
    return unavailable(error)
  }

  /** Lets one call a second through to a failing store. */
  #mayProbe(): boolean {
    const now = this.#clock()
    // A clock that was set back must not keep the circuit open for longer.
    const isOpen = now < this.#openUntil && this.#openUntil - now <= PROBE_INTERVAL_MS
    if (!isOpen) this.#openUntil = now + PROBE_INTERVAL_MS
    return !isOpen
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
