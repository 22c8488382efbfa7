export interface ConnectionLimitsOptions {
  /** How many event streams and WebSockets the process may hold. */
  readonly max: number
  /** How many of them without a signed-in user one address may have. */
  readonly maxPerAddress: number
}

/** A place among the connections, until `release` is called. */
export interface ConnectionPlace {
  release(): void
}

/**
 * Counts the open event streams and WebSockets, so that they leave connections, files and memory for requests, and so
 * that no single address uses them up.
 */
export class ConnectionLimits {
  readonly #options: ConnectionLimitsOptions
  readonly #addresses = new Map<string, number>()
  #count = 0

  constructor(options: ConnectionLimitsOptions) {
    this.#options = options
  }

  /**
   * Takes a place for a connection.
   *
   * @param address the client's; `null`: it is unknown, or the place belongs to a user, and is not counted by address
   * @param maxConnections how many connections the server accepts, if it has a limit
   * @returns which limit is reached instead
   */
  take(address: string | null, maxConnections?: number): ConnectionPlace | 'full' | 'full_for_address' {
    if (this.#count >= roomForConnections(this.#options.max, [maxConnections])) return 'full'
    if (address !== null && this.#countOf(address) >= this.#options.maxPerAddress) return 'full_for_address'
    this.#count++
    if (address !== null) this.#addresses.set(address, this.#countOf(address) + 1)
    let isOpen = true
    return {
      release: () => {
        if (!isOpen) return
        isOpen = false
        this.#count--
        if (address !== null) this.#releaseAddress(address)
      },
    }
  }

  #countOf(address: string): number {
    return this.#addresses.get(address) ?? 0
  }

  #releaseAddress(address: string) {
    const rest = this.#countOf(address) - 1
    if (rest > 0) this.#addresses.set(address, rest)
    else this.#addresses.delete(address)
  }
}

/** Of the connections and files that there are, so much is left for requests. */
const SHARE_FOR_REQUESTS = 0.5

/**
 * How many event streams and WebSockets this process may hold.
 *
 * @param configured the setting
 * @param available how many connections and open files the process may have, each if it is known
 */
export function roomForConnections(configured: number, available: readonly (number | undefined)[]): number {
  const known = available.filter(limit => limit !== undefined).map(limit => Math.floor(limit * SHARE_FOR_REQUESTS))
  return Math.max(1, Math.min(configured, ...known))
}

/** How many files and connections the operating system lets this process open; `undefined` if it does not say. */
export function maxOpenFiles(): number | undefined {
  const report = process.report as NodeJS.ProcessReport | undefined // Other platforms have none.
  const { userLimits } = (report?.getReport() ?? {}) as { userLimits?: { open_files?: { soft?: unknown } } }
  const soft = userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : undefined
}
