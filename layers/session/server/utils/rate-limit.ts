import { parse as parseDuration } from '@lukeed/ms'
import type { H3Event } from 'h3'
import { createError, setResponseHeader } from 'h3'
import { RateLimit } from '../internal/rate-limit'

export interface RateLimitRule {
  /** How often each key may come in a window. */
  most: number
  /** The window, such as `'10m'`. It begins with a key's first. */
  within: string
}

/** A limit on something that costs. */
export interface RateLimiter {
  /** Counts one for this key. @throws 429 `rate_limited` with `Retry-After` when it has had them all. `null`: counts nothing, and lets it pass */
  take(event: H3Event, key: string | null): void
  /** Forgets one that was counted, because it was no attack after all. */
  giveBack(key: string | null): void
}

/**
 * A limit for each key apart, such as each {@link clientAddress}. Counts in this process and holds at most 10,000 keys: with several processes, each allows
 * that many.
 */
export function defineRateLimit({ most, within }: RateLimitRule): RateLimiter {
  const limit = new RateLimit({ most, within: milliseconds(within) })
  return {
    take(event, key) {
      const waitMs = key === null ? 0 : limit.take(key)
      if (waitMs === 0) return
      setResponseHeader(event, 'retry-after', Math.ceil(waitMs / 1000))
      throw createError({ statusCode: 429, statusMessage: 'Too Many Requests', message: 'That was too often. Try again later.', data: { code: 'rate_limited' } })
    },
    giveBack(key) {
      if (key !== null) limit.giveBack(key)
    },
  }
}

function milliseconds(within: string): number {
  const ms = parseDuration(within)
  if (ms === undefined) throw new TypeError(`[session] defineRateLimit({ within: '${within}' }) is not a duration such as '10m'`)
  return ms
}
