import { LRUCache } from 'lru-cache'
import type { Clock } from '../engine/clock'

/** What one key has used of its window. */
interface Window {
  count: number
  /** Milliseconds since the epoch. */
  readonly endsAt: number
}

export interface RateLimitOptions {
  /** How many each key may have in a window. */
  readonly most: number
  /** The window's length in milliseconds. It begins with a key's first. */
  readonly within: number
  readonly clock?: Clock
}

/** With more keys than this, those that were quiet longest are forgotten: memory stays bounded, and nobody is refused for what others do. */
const MOST_KEYS = 10_000

/** Counts how often each key comes, in this process. Around the end of a window a key may have up to twice as many. */
export class RateLimit {
  readonly #windows = new LRUCache<string, Window>({ max: MOST_KEYS })
  readonly #clock: Clock

  constructor(private readonly options: RateLimitOptions) {
    this.#clock = options.clock ?? Date.now
  }

  /** Counts one. Answers 0, or, where there is no room and so nothing was counted, the milliseconds until there will be. */
  take(key: string): number {
    const waitMs = this.wait(key)
    if (waitMs > 0) return waitMs
    const window = this.#window(key)
    if (window) window.count++
    else this.#windows.set(key, { count: 1, endsAt: this.#clock() + this.options.within })
    return 0
  }

  /** Milliseconds until there is room for one more; 0 if there is now. */
  wait(key: string): number {
    const window = this.#window(key)
    return window && window.count >= this.options.most ? window.endsAt - this.#clock() : 0
  }

  /** Forgets one that was counted. */
  giveBack(key: string): void {
    const window = this.#window(key)
    if (window && window.count > 0) window.count--
  }

  #window(key: string): Window | undefined {
    const window = this.#windows.get(key)
    return window && window.endsAt > this.#clock() ? window : undefined
  }
}
