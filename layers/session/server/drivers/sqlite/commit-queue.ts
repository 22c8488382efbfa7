import type { DatabaseSync } from 'node:sqlite'
import { BUSY, isOfOneStatement, resultCode, sqliteFailure } from './failure'

/** A write that waits longer than this for another process's lock fails. */
const LONGEST_WAIT_MS = 500
const RETRY_MS = 5

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

  /** @param assertCommitted throws if what was committed is not where it will be looked for */
  constructor(private readonly db: DatabaseSync, private readonly path: string, private readonly assertCommitted: () => void = () => {}) {}

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
    this.db.exec(`PRAGMA busy_timeout = ${LONGEST_WAIT_MS}`)
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
      this.assertCommitted()
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
      this.#fail(batch.filter(({ since }) => now - since >= LONGEST_WAIT_MS), error)
      this.#retry(batch.filter(({ since }) => now - since < LONGEST_WAIT_MS))
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
