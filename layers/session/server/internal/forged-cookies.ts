import type { Clock } from '../engine/clock'
import { readCookie } from '../engine/cookie'
import type { KeyRing } from '../engine/key-ring'
import { open } from '../engine/seal'
import type { AddressReader } from './client-address'
import { RateLimit } from './rate-limit'

const WINDOW_MS = 60_000

export interface ForgedCookiesOptions {
  readonly ring: KeyRing
  readonly cookieName: string
  /** How many one address may send in a minute. */
  readonly most: number
  readonly address: AddressReader
  readonly clock: Clock
}

/** Counts session cookies that no key of ours has sealed, by the address that sends them. A ticket of ours is never refused for what its neighbours send. */
export class ForgedCookies {
  readonly #limit: RateLimit
  #floodEndsAt = 0

  constructor(private readonly options: ForgedCookiesOptions) {
    this.#limit = new RateLimit({ most: options.most, within: WINDOW_MS, clock: options.clock })
  }

  /** To be told of a request with a forged cookie. */
  note(request: Parameters<AddressReader>[0]): void {
    const address = this.options.address(request)
    if (address === null) return
    this.#limit.take(address)
    this.#floodEndsAt = Math.max(this.#floodEndsAt, this.options.clock() + this.#limit.wait(address))
  }

  /** Milliseconds for which this request's sender has to wait; 0 for most. Costs nothing while nobody is over the limit. */
  refusal(request: Parameters<AddressReader>[0]): number {
    if (this.options.clock() >= this.#floodEndsAt) return 0
    const address = this.options.address(request)
    const waitMs = address === null ? 0 : this.#limit.wait(address)
    return waitMs > 0 && this.#isForged(request.headers.cookie) ? waitMs : 0
  }

  #isForged(header: string | undefined): boolean {
    const { ring, cookieName } = this.options
    const cookie = readCookie(header, cookieName)
    return cookie.kind === 'present' && open(ring, cookieName, cookie.value) === null
  }
}
