import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../sessions/store'

/** What one key has used of its window. */
interface Window {
  count: number
  /** Milliseconds since the epoch. */
  readonly endsAt: number
}

export interface RateLimitOptions {
  /** How many each key may have in a window. */
  readonly max: number
  /** Length of a window in milliseconds. It starts with a key's first use. */
  readonly window: number
  readonly clock?: Clock
}

/**
 * With more keys the least recently used are forgotten: memory stays bounded, and no key is refused because of others.
 */
const MAX_KEYS = 10_000
/** A longer key, which may be text of a client, is counted by its hash. */
const MAX_KEY_CHARACTERS = 64

/**
 * Counts how often each key is used, in this process. Around the end of a window a key may have up to twice as many.
 */
export class RateLimit {
  readonly #windows = new LRUCache<string, Window>({ max: MAX_KEYS })
  readonly #options: RateLimitOptions
  readonly #clock: Clock

  constructor(options: RateLimitOptions) {
    this.#options = options
    this.#clock = options.clock ?? Date.now
  }

  /** Counts one and returns 0. At the limit it counts nothing and returns the milliseconds to wait. */
  take(key: string): number {
    const waitMs = this.wait(key)
    if (waitMs > 0) return waitMs
    const window = this.#window(key)
    if (window) window.count++
    else this.#windows.set(copyOf(shorten(key)), { count: 1, endsAt: this.#clock() + this.#options.window })
    return 0
  }

  /** Milliseconds until this key may be used again; 0 if it may now. */
  wait(key: string): number {
    const window = this.#window(key)
    return window && window.count >= this.#options.max ? window.endsAt - this.#clock() : 0
  }

  /** Takes back one that was counted. */
  refund(key: string): void {
    const window = this.#window(key)
    if (window && window.count > 0) window.count--
  }

  #window(key: string): Window | undefined {
    const window = this.#windows.get(shorten(key))
    return window && window.endsAt > this.#clock() ? window : undefined
  }
}

/** As UTF-16, because in UTF-8 all lone surrogates would be the same. */
function shorten(key: string): string {
  return key.length > MAX_KEY_CHARACTERS ? hash('sha256', Buffer.from(key, 'utf16le'), 'base64url') : key
}

/**
 * The same characters in memory of their own: an address that was cut out of a header would keep the whole header in
 * memory.
 */
function copyOf(key: string): string {
  return Buffer.from(key, 'utf16le').toString('utf16le')
}
