import { RateLimit } from '../http/rate-limit'
import { rootEventOf } from '../nitro/guard'
import type { RequestEvent } from '../nitro/platform'
import { httpError, nodeRequestOf } from '../nitro/platform'
import { useCloakroom } from '../nitro/runtime'
import { parseDuration } from '../sessions/duration'

export interface RateLimitRule {
  /** How often each key may be used in a window: a whole number of at least 1. */
  max: number
  /** The length of a window, for example `'10m'`. It starts with a key's first use. */
  window: string
}

/** A limit for an expensive or sensitive action. */
export interface RateLimiter {
  /** Counts one use of this key; `null` is not counted. @throws 429 `rate_limited` with `Retry-After` at the limit */
  take(event: RequestEvent, key: string | null): void
  /** Takes back one use, for example after a correct password. */
  refund(key: string | null): void
}

/**
 * Defines a limit per key, for example per {@link clientAddress}. It counts in this process and keeps at most 10,000
 * keys: with several processes, each allows that many.
 *
 * @throws TypeError if `max` is not such a number, or `window` not a duration of at most 400 days
 */
export function defineRateLimit({ max, window }: RateLimitRule): RateLimiter {
  if (!Number.isSafeInteger(max) || max < 1) {
    throw new TypeError(`[cloakroom] defineRateLimit({ max }): ${String(max)} is not a whole number of at least 1`)
  }
  const limit = new RateLimit({ max, window: parseDuration(window, 'defineRateLimit({ window })') })
  return {
    take(event, key) {
      const waitMs = key === null ? 0 : limit.take(key)
      if (waitMs === 0) return
      nodeRequestOf(event).res.setHeader('retry-after', Math.ceil(waitMs / 1000))
      throw httpError({ status: 429, code: 'rate_limited', message: 'Too many attempts. Try again later.' })
    },
    refund(key) {
      if (key !== null) limit.refund(key)
    },
  }
}

/**
 * Returns the client's address for rate limits: an IPv4 address, or an IPv6 network of 64 bits such as
 * `2001:db8:0:1::/64`. Behind a proxy it comes from `X-Forwarded-For`, if `trustedProxies` lists the proxy.
 *
 * Returns `null` if it is unknown, because the proxy is not listed. Never use that as a key: all clients would share
 * one limit.
 */
export function clientAddress(event: RequestEvent): string | null {
  return useCloakroom().clientAddress(nodeRequestOf(rootEventOf(event)).req)
}
