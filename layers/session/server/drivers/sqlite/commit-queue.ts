import type { DatabaseSync } from 'node:sqlite'
import { BUSY, resultCode, sqliteFailure } from './failure'

/** A write that waits longer than this for another process's lock fails. */
const LONGEST_WAIT_MS = 500
const RETRY_MS = 5

interface Pending {
  readonly write: () => unknown
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
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
  #waitingSince: number | undefined

  constructor(private readonly db: DatabaseSync, private readonly path: string) {}

  /** Runs `write` inside the next transaction and answers its result once that is durable. */
  add<T>(write: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ write, resolve, reject })
      if (!this.#scheduled) this.#schedule()
    })
  }

  /** Commits what waits, at once. For a shutdown. */
  flush() {
    const batch = this.#pending
    this.#pending = []
    this.#scheduled = false
    if (batch.length > 0) this.#commit(batch)
  }

  #schedule() {
    this.#scheduled = true
    setImmediate(() => this.flush())
  }

  #commit(batch: Pending[]) {
    try {
      this.db.exec('BEGIN IMMEDIATE')
      this.#waitingSince = undefined
    }
    catch (error) {
      if (resultCode(error) === BUSY && this.#mayWait()) return this.#retry(batch)
      this.#waitingSince = undefined
      return this.#fail(batch, error)
    }
    try {
      const results = batch.map(({ write }) => write())
      this.db.exec('COMMIT')
      batch.forEach(({ resolve }, index) => resolve(results[index] as never))
    }
    catch (error) {
      if (this.db.isTransaction) this.db.exec('ROLLBACK')
      this.#fail(batch, error)
    }
  }

  #mayWait(): boolean {
    this.#waitingSince ??= performance.now()
    return performance.now() - this.#waitingSince < LONGEST_WAIT_MS
  }

  #retry(batch: Pending[]) {
    this.#pending.unshift(...batch)
    this.#scheduled = true
    setTimeout(() => this.flush(), RETRY_MS)
  }

  #fail(batch: Pending[], error: unknown) {
    const failure = sqliteFailure(this.path, error)
    for (const { reject } of batch) reject(failure)
  }
}
