import type { CookieReading } from '../sessions/authentication'
import { explainInvalidCookie, open } from '../sessions/crypto'
import type { KeyRing } from '../sessions/key-ring'
import type { Clock } from '../sessions/store'
import type { AddressReader } from './client-address'
import { RateLimit } from './rate-limit'

const WINDOW_MS = 60_000

export interface ForgedCookiesOptions {
  readonly ring: KeyRing
  readonly cookieName: string
  /** How many one address may send in a minute. */
  readonly max: number
  readonly address: AddressReader
  readonly clock: Clock
  /** Called at the first cookie that names a key which this server does not have. */
  readonly onUnknownKey: () => void
}

type Request = Parameters<AddressReader>[0]

/**
 * Counts forged session cookies by client address. Over the limit they are ignored, as if they had not come: they emit
 * no events, so a flood fills no log. A valid cookie is never ignored because of its neighbours' cookies, and no
 * request is refused.
 */
export class ForgedCookies {
  /**
   * Until this time, in milliseconds since the epoch, some address is over the limit: only then is `isIgnored` needed.
   */
  floodEndsAt = 0
  readonly #options: ForgedCookiesOptions
  readonly #limit: RateLimit
  #hasSeenUnknownKey = false

  constructor(options: ForgedCookiesOptions) {
    this.#options = options
    this.#limit = new RateLimit({ max: options.max, window: WINDOW_MS, clock: options.clock })
  }

  /** Counts a request with a forged cookie. */
  count(request: Request, cookie: CookieReading): void {
    this.#noticeUnknownKey(cookie)
    const address = this.#options.address(request)
    if (address === null) return
    this.#limit.take(address)
    this.floodEndsAt = Math.max(this.floodEndsAt, this.#options.clock() + this.#limit.wait(address))
  }

  /** Whether this cookie is forged and its client over the limit. */
  isIgnored(request: Request, cookie: CookieReading): boolean {
    if (cookie.kind !== 'present') return false
    const address = this.#options.address(request)
    if (address === null || this.#limit.wait(address) === 0) return false
    const { ring, cookieName } = this.#options
    return open(ring, cookieName, cookie.value) === null
  }

  #noticeUnknownKey(cookie: CookieReading) {
    if (this.#hasSeenUnknownKey || cookie.kind !== 'present') return
    if (explainInvalidCookie(this.#options.ring, cookie.value) !== 'unknown_key') return
    this.#hasSeenUnknownKey = true
    this.#options.onUnknownKey()
  }
}
