import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../../sessions/store'
import { BUSY, isStatementError, resultCode, sqliteFailure } from './failure'

/** A write that waits longer than this for another process's lock, or for the disk, fails. */
const MAX_WAIT_MS = 2000
/**
 * SQLite's lock goes to the process that asks at the right moment. This is often enough for the gaps of a busy writer.
 */
const RETRY_DELAY_MS = 1

export interface CommitQueueOptions {
  /** Resolves when everything that was committed before the call is on disk. */
  readonly flush: () => Promise<void>
  /** Throws if what was committed is not in the file that will be read. */
  readonly assertCommitted?: () => void
  /** Milliseconds that a write waits for another process's lock, and for a flush. Default 2000. */
  readonly maxWait?: number
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
 * Group commit: the writes of one turn of the event loop share one transaction and one flush. Each is acknowledged only
 * after a flush that began after its commit. Writes that arrive during a flush form the next group: the slower the
 * disk, the larger the groups.
 *
 * Neither the disk nor another process's lock blocks the event loop, so reads continue. They may see what is committed
 * but not yet on disk, which was not acknowledged and which a power cut could still undo.
 *
 * A flush that fails is the last one. The kernel may have dropped what it could not write and then report success for
 * the next flush, while nothing after the gap could be recovered. So nothing is written until the database is opened
 * again.
 */
export class CommitQueue {
  readonly #db: DatabaseSync
  readonly #path: string
  readonly #flush: () => Promise<void>
  readonly #assertCommitted: () => void
  readonly #maxWait: number
  #pending: Pending[] = []
  #isScheduled = false
  #flushing: Promise<void> | undefined
  #lost: StoreError | undefined

  constructor(db: DatabaseSync, path: string, options: CommitQueueOptions) {
    this.#db = db
    this.#path = path
    this.#flush = options.flush
    this.#assertCommitted = options.assertCommitted ?? (() => {})
    this.#maxWait = options.maxWait ?? MAX_WAIT_MS
  }

  /** Whether no write is waiting or in progress. */
  get isIdle(): boolean {
    return !this.#flushing && this.#pending.length === 0
  }

  /**
   * Runs `write` in the next transaction and returns its result once that is on disk. It may run twice, if another
   * write of the same group fails.
   */
  add<T>(write: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost)
      this.#pending.push({ write, resolve, reject, since: performance.now() })
      this.#schedule()
    })
  }

  /** For a shutdown: resolves when all writes are settled. Waits for another process's lock synchronously. */
  async close(): Promise<void> {
    await this.#flushing
    this.#db.exec(`PRAGMA busy_timeout = ${this.#maxWait}`)
    this.#commitPending()
    await this.#flushing
  }

  #schedule() {
    if (this.#isScheduled || this.#flushing) return
    this.#isScheduled = true
    setImmediate(() => this.#commitPending())
  }

  #commitPending() {
    this.#isScheduled = false
    if (this.#flushing) return
    const committed = this.#commit(this.#pending.splice(0))
    if (committed.length > 0) this.#flushing = this.#acknowledge(committed)
  }

  /** Never rejects. */
  async #acknowledge(committed: readonly Committed[]) {
    const writes = committed.map(({ pending }) => pending)
    const timeout = setInterval(() => this.#giveUp(writes), this.#maxWait)
    try {
      await this.#flush().catch(error => this.#stop(error))
      this.#assertCommitted()
      for (const { pending, result } of committed) pending.resolve(result as never)
    }
    catch (error) {
      this.#fail(writes, error)
    }
    clearInterval(timeout)
    this.#flushing = undefined
    if (this.#pending.length > 0) this.#schedule()
  }

  /** The disk does not respond: all waiting writes fail. The flush itself continues, and the next group follows it. */
  #giveUp(committed: readonly Pending[]) {
    const problem = `${this.#path} could not be flushed to disk in time. Check whether its disk is overloaded or broken`
    this.#fail([...committed, ...this.#pending.splice(0)], new StoreError('sqlite', problem))
  }

  /** @throws StoreError with which all writes fail from now on */
  #stop(cause: unknown): never {
    const problem = `Could not flush ${this.#path} to disk; the most recent writes may be lost. `
      + 'Writes are disabled until restart. Check the disk, then restart the server'
    this.#lost = new StoreError('sqlite', problem, { cause })
    this.#fail(this.#pending.splice(0), this.#lost)
    throw this.#lost
  }

  #commit(batch: readonly Pending[]): readonly Committed[] {
    if (batch.length === 0) return []
    let current: Pending | undefined
    try {
      this.#rollBack() // Only after a rollback that failed.
      this.#db.exec('BEGIN IMMEDIATE')
      const committed = batch.map((pending) => {
        current = pending
        return { pending, result: pending.write() }
      })
      current = undefined
      this.#db.exec('COMMIT')
      return committed
    }
    catch (error) {
      this.#rollBack()
      return this.#handleFailure(batch, error, current)
    }
  }

  /**
   * Decides what happens to writes that were not committed. Returns those that are committed after all.
   *
   * @param current the write that failed, if a write failed
   */
  #handleFailure(batch: readonly Pending[], error: unknown, current: Pending | undefined): readonly Committed[] {
    if (current && isStatementError(error)) {
      this.#fail([current], error)
      return this.#commit(batch.filter(pending => pending !== current))
    }
    if (resultCode(error) === BUSY) {
      const now = performance.now()
      this.#fail(batch.filter(({ since }) => now - since >= this.#maxWait), error)
      this.#retry(batch.filter(({ since }) => now - since < this.#maxWait))
    }
    else this.#fail(batch, error)
    return []
  }

  #retry(batch: readonly Pending[]) {
    if (batch.length === 0) return
    this.#pending.unshift(...batch)
    this.#isScheduled = true
    setTimeout(() => this.#commitPending(), RETRY_DELAY_MS)
  }

  #fail(batch: readonly Pending[], error: unknown) {
    const failure = sqliteFailure(this.#path, error)
    for (const { reject } of batch) reject(failure)
  }

  #rollBack() {
    try {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    }
    catch {
      // The disk may fail here too. The transaction was not committed, and nothing more is promised.
    }
  }
}
