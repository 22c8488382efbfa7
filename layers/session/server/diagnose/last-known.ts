import { LRUCache } from 'lru-cache'
import type { Ends } from './inspect'

const MOST_SESSIONS = 1000
const MOST_HOSTS = 8

/**
 * What this process has seen lately, in memory: when sessions were going to end, by their handles, and under which host names it gave out cookies. A store forgets the one
 * as soon as a session is swept, and never knew the other.
 */
export class LastKnown {
  readonly #ends = new LRUCache<string, Ends>({ max: MOST_SESSIONS })
  readonly #hosts = new LRUCache<string, true>({ max: MOST_HOSTS })

  /** To be told of a session that was alive just now. */
  sawSession(handle: string, ends: Ends): void {
    this.#ends.set(handle, ends)
  }

  /** To be told of a session cookie that was set. @param host the name, without port */
  gaveCookieAt(host: string): void {
    this.#hosts.set(host, true)
  }

  endsOf(handle: string): Ends | undefined {
    return this.#ends.get(handle)
  }

  /** Host names under which cookies were given out, sorted. */
  get hosts(): string[] {
    return [...this.#hosts.keys()].sort()
  }
}
