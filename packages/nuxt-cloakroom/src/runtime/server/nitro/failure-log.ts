/** How long further failures of an operation are counted before one line reports them. */
const WINDOW_MS = 1000

interface StoreFailure {
  /** What the store failed to do, for example `read`. */
  readonly operation: string
  readonly error: Error
}

interface Counted {
  more: number
  last: Error
}

/**
 * Logs failures of the store. The first one of an operation is written with its error and stack; as long as it
 * continues to fail, one line a second has the number of further failures and the message of the last one. A store that
 * fails for each of many concurrent requests therefore does not fill the disk.
 */
export class FailureLog {
  readonly #write: (line: string, ...error: unknown[]) => void
  readonly #operations = new Map<string, Counted>()
  #window: NodeJS.Timeout | undefined

  constructor(write: (line: string, ...error: unknown[]) => void) {
    this.#write = write
  }

  record({ operation, error }: StoreFailure): void {
    const counted = this.#operations.get(operation)
    if (counted) {
      counted.more++
      counted.last = error
      return
    }
    this.#operations.set(operation, { more: 0, last: error })
    this.#write(`[cloakroom] The store failed to ${operation}:`, error)
    this.#window ??= setTimeout(() => this.#closeWindow(), WINDOW_MS).unref()
  }

  /** Writes the pending counts. */
  close(): void {
    clearTimeout(this.#window)
    this.#window = undefined
    for (const [operation, counted] of this.#operations) this.#writeCount(operation, counted)
    this.#operations.clear()
  }

  #closeWindow() {
    this.#window = undefined
    for (const [operation, counted] of this.#operations) {
      if (counted.more === 0) this.#operations.delete(operation)
      else this.#writeCount(operation, counted)
    }
    if (this.#operations.size > 0) this.#window = setTimeout(() => this.#closeWindow(), WINDOW_MS).unref()
  }

  #writeCount(operation: string, counted: Counted) {
    const { more, last: { message } } = counted
    if (more === 0) return
    this.#write(`[cloakroom] The store failed to ${operation} ${more} more times, most recently: ${message}`)
    counted.more = 0
  }
}
