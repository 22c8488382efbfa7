import { open } from '../sessions/crypto'
import type { KeyRing } from '../sessions/key-ring'
import type { Clock } from '../sessions/store'
import type { AddressReader } from './client-address'
import { RateLimit } from './rate-limit'
import { readCookie } from './request-headers'

const WINDOW_MS = 60_000

export interface ForgedCookiesOptions {
  readonly ring: KeyRing
  readonly cookieName: string
  /** How many one address may send in a minute. */
  readonly max: number
  readonly address: AddressReader
  readonly clock: Clock
}

type Request = Parameters<AddressReader>[0]

/**
 * Counts forged session cookies by client address. A valid cookie is never refused because of its neighbours' cookies.
 */
export class ForgedCookies {
  /**
   * Until this time, in milliseconds since the epoch, some address is over the limit: only then is `refusal` needed.
   */
  floodEndsAt = 0
  readonly #options: ForgedCookiesOptions
  readonly #limit: RateLimit

  constructor(options: ForgedCookiesOptions) {
    this.#options = options
    this.#limit = new RateLimit({ max: options.max, window: WINDOW_MS, clock: options.clock })
  }

  /** Counts a request with a forged cookie. */
  count(request: Request): void {
    const address = this.#options.address(request)
    if (address === null) return
    this.#limit.take(address)
    this.floodEndsAt = Math.max(this.floodEndsAt, this.#options.clock() + this.#limit.wait(address))
  }

  /** Milliseconds for which this request is refused; 0 for most requests. */
  refusal(request: Request): number {
    if (this.#options.clock() >= this.floodEndsAt) return 0
    const address = this.#options.address(request)
    const waitMs = address === null ? 0 : this.#limit.wait(address)
    return waitMs > 0 && this.#isForged(request.headers.cookie) ? waitMs : 0
  }

  #isForged(header: string | undefined): boolean {
    const { ring, cookieName } = this.#options
    const cookie = readCookie(header, cookieName)
    return cookie.kind === 'present' && open(ring, cookieName, cookie.value) === null
  }
}
