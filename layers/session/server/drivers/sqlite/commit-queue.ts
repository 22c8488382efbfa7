import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../../engine/store'
import { BUSY, isOfOneStatement, resultCode, sqliteFailure } from './failure'

/** A write that waits longer than this for another process's lock, or for the disk, fails. */
const LONGEST_WAIT_MS = 2000
/** SQLite's lock goes to whoever asks at the right moment. So this is often enough to find the gaps of a process that writes without a pause. */
const RETRY_MS = 1

export interface CommitQueueOptions {
  /** Resolves when all that was committed before the call is on disk. */
  readonly flush: () => Promise<void>
  /** Throws if what was committed is not where it will be looked for. */
  readonly assertCommitted?: () => void
  /** Milliseconds that a write waits for another process's lock, and for a flush. Default 2000. */
  readonly longestWait?: number
}

interface Pending {
  readonly write: () => unknown
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
  readonly since: number
}

interface Committed {
  readonly pending: Pending
  readonly result: unknown
}

/**
 * Group commit: the writes of one turn of the event loop share one transaction and one flush, and each is acknowledged only after the flush that began
 * after its commit. What comes while one is under way waits for its end, and is the next group: the slower the disk, the larger the groups.
 *
 * Neither the disk nor another process that holds the lock holds up the event loop, so reads go on meanwhile. They may see what is committed and not
 * yet on disk, which nobody has been told is done, and which a power cut could still undo.
 *
 * A flush that fails is the last one. The kernel may have dropped what it could not write, and would answer the next flush with success, while all
 * that comes behind the gap could not be recovered. So nothing more is written until the database is opened anew.
 */
export class CommitQueue {
  #pending: Pending[] = []
  #scheduled = false
  #flushing: Promise<void> | undefined
  #lost: StoreError | undefined
  readonly #flush: () => Promise<void>
  readonly #assertCommitted: () => void
  readonly #longestWait: number

  constructor(private readonly db: DatabaseSync, private readonly path: string, { flush, assertCommitted = () => {}, longestWait = LONGEST_WAIT_MS }: CommitQueueOptions) {
    this.#flush = flush
    this.#assertCommitted = assertCommitted
    this.#longestWait = longestWait
  }

  /** Whether nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return !this.#flushing && this.#pending.length === 0
  }

  /** Runs `write` inside the next transaction and answers its result once that is on disk. It may run twice, when another write of the same group fails. */
  add<T>(write: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost)
      this.#pending.push({ write, resolve, reject, since: performance.now() })
      this.#schedule()
    })
  }

  /** For a shutdown: resolves when all that was added is settled. Waits for another process's lock right here. */
  async close(): Promise<void> {
    await this.#flushing
    this.db.exec(`PRAGMA busy_timeout = ${this.#longestWait}`)
    this.#takeTurn()
    await this.#flushing
  }

  #schedule() {
    if (this.#scheduled || this.#flushing) return
    this.#scheduled = true
    setImmediate(() => this.#takeTurn())
  }

  #takeTurn() {
    this.#scheduled = false
    if (this.#flushing) return
    const committed = this.#commit(this.#pending.splice(0))
    if (committed.length > 0) this.#flushing = this.#acknowledge(committed)
  }

  /** Never rejects. */
  async #acknowledge(committed: readonly Committed[]) {
    const writes = committed.map(({ pending }) => pending)
    const impatience = setInterval(() => this.#giveUp(writes), this.#longestWait)
    try {
      await this.#flush().catch(error => this.#stop(error))
      this.#assertCommitted()
      for (const { pending, result } of committed) pending.resolve(result as never)
    }
    catch (error) {
      this.#fail(writes, error)
    }
    clearInterval(impatience)
    this.#flushing = undefined
    if (this.#pending.length > 0) this.#schedule()
  }

  /** A disk that does not answer: whoever waits is told so. The flush itself goes on, and with its end the next group. */
  #giveUp(committed: readonly Pending[]) {
    this.#fail([...committed, ...this.#pending.splice(0)], new StoreError('sqlite', `${this.path} is not brought to disk in time. Is its disk overloaded, or out of order?`))
  }

  /** @throws StoreError that all writes fail with from now on */
  #stop(cause: unknown): never {
    this.#lost = new StoreError('sqlite', `${this.path} could not be brought to disk, and what was last written may be lost. To be safe nothing more is written. See to the disk, then restart the server`, { cause })
    this.#fail(this.#pending.splice(0), this.#lost)
    throw this.#lost
  }

  #commit(batch: readonly Pending[]): readonly Committed[] {
    if (batch.length === 0) return []
    let current: Pending | undefined
    try {
      this.#rollBack() // Only after a rollback that failed.
      this.db.exec('BEGIN IMMEDIATE')
      const committed = batch.map((pending) => {
        current = pending
        return { pending, result: pending.write() }
      })
      current = undefined
      this.db.exec('COMMIT')
      return committed
    }
    catch (error) {
      this.#rollBack()
      return this.#settle(batch, error, current)
    }
  }

  /** Decides what becomes of writes that were not committed: `current` is the one that failed, if it was one. Answers those that are after all. */
  #settle(batch: readonly Pending[], error: unknown, current: Pending | undefined): readonly Committed[] {
    if (current && isOfOneStatement(error)) {
      this.#fail([current], error)
      return this.#commit(batch.filter(pending => pending !== current))
    }
    if (resultCode(error) === BUSY) {
      const now = performance.now()
      this.#fail(batch.filter(({ since }) => now - since >= this.#longestWait), error)
      this.#retry(batch.filter(({ since }) => now - since < this.#longestWait))
    }
    else this.#fail(batch, error)
    return []
  }

  #retry(batch: readonly Pending[]) {
    if (batch.length === 0) return
    this.#pending.unshift(...batch)
    this.#scheduled = true
    setTimeout(() => this.#takeTurn(), RETRY_MS)
  }

  #fail(batch: readonly Pending[], error: unknown) {
    const failure = sqliteFailure(this.path, error)
    for (const { reject } of batch) reject(failure)
  }

  #rollBack() {
    try {
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
    }
    catch {
      // The disk may fail here too. The transaction was not committed, and that is all that is promised.
    }
  }
}
