import type { DatabaseSync } from 'node:sqlite'
import { BUSY, isOfOneStatement, resultCode, sqliteFailure } from './failure'

/** A write that waits longer than this for another process's lock fails. */
const LONGEST_WAIT_MS = 2000
/** SQLite's lock goes to whoever asks at the right moment. So this is often enough to find the gaps of a process that writes without a pause. */
const RETRY_MS = 1

export interface CommitQueueOptions {
  /** Throws if what was committed is not where it will be looked for. */
  readonly assertCommitted?: () => void
  /** Milliseconds that a write waits for another process's lock. Default 2000. */
  readonly longestWait?: number
}

interface Pending {
  readonly write: () => unknown
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
  readonly since: number
}

/**
 * Group commit: the writes of one turn of the event loop share one transaction, and each is acknowledged only after its
 * commit is on disk. One fsync then serves all who came together.
 *
 * Another process that holds the lock is waited for between ticks, so reads go on meanwhile.
 */
export class CommitQueue {
  #pending: Pending[] = []
  #scheduled = false
  readonly #longestWait: number
  readonly #assertCommitted: () => void

  constructor(private readonly db: DatabaseSync, private readonly path: string, { assertCommitted = () => {}, longestWait = LONGEST_WAIT_MS }: CommitQueueOptions = {}) {
    this.#assertCommitted = assertCommitted
    this.#longestWait = longestWait
  }

  /** Runs `write` inside the next transaction and answers its result once that is durable. It may run twice, when another write of the same tick fails. */
  add<T>(write: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ write, resolve, reject, since: performance.now() })
      if (!this.#scheduled) this.#schedule()
    })
  }

  /** Commits what waits, at once. */
  flush() {
    const batch = this.#pending
    this.#pending = []
    this.#scheduled = false
    if (batch.length > 0) this.#commit(batch)
  }

  /** For a shutdown: as `flush`, and waits for another process's lock right here. */
  close() {
    this.db.exec(`PRAGMA busy_timeout = ${this.#longestWait}`)
    this.flush()
  }

  #schedule() {
    this.#scheduled = true
    setImmediate(() => this.flush())
  }

  #commit(batch: readonly Pending[]) {
    let current: Pending | undefined
    try {
      this.#rollBack() // Only after a rollback that failed.
      this.db.exec('BEGIN IMMEDIATE')
      const results = batch.map((pending) => {
        current = pending
        return pending.write()
      })
      current = undefined
      this.db.exec('COMMIT')
      this.#assertCommitted()
      batch.forEach(({ resolve }, index) => resolve(results[index] as never))
    }
    catch (error) {
      this.#rollBack()
      this.#settle(batch, error, current)
    }
  }

  /** Decides what becomes of writes that were not committed: `current` is the one that failed, if it was one. */
  #settle(batch: readonly Pending[], error: unknown, current: Pending | undefined) {
    if (current && isOfOneStatement(error)) {
      this.#fail([current], error)
      const others = batch.filter(pending => pending !== current)
      if (others.length > 0) this.#commit(others)
    }
    else if (resultCode(error) === BUSY) {
      const now = performance.now()
      this.#fail(batch.filter(({ since }) => now - since >= this.#longestWait), error)
      this.#retry(batch.filter(({ since }) => now - since < this.#longestWait))
    }
    else this.#fail(batch, error)
  }

  #retry(batch: readonly Pending[]) {
    if (batch.length === 0) return
    this.#pending.unshift(...batch)
    this.#scheduled = true
    setTimeout(() => this.flush(), RETRY_MS)
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
