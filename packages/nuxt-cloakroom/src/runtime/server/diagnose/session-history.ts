import { LRUCache } from 'lru-cache'

const MAX_SESSIONS = 1000
const MAX_HOSTS = 8

/** When a session's timeouts pass, milliseconds since the epoch; the earlier one ends it. */
export interface SessionExpiry {
  readonly idle: number
  readonly absolute: number
}

/**
 * What this process has seen recently, in memory: when sessions were going to expire, by public id, and for which host
 * names it has set cookies. A store forgets the former when a session is swept, and never knows the latter.
 */
export class SessionHistory {
  readonly #expiries = new LRUCache<string, SessionExpiry>({ max: MAX_SESSIONS })
  readonly #hosts = new LRUCache<string, true>({ max: MAX_HOSTS })

  /** Records a session that was active just now. */
  recordSession(id: string, expiry: SessionExpiry): void {
    this.#expiries.set(id, expiry)
  }

  /** Records that a session cookie was set. @param host the name, without port */
  recordCookie(host: string): void {
    this.#hosts.set(host, true)
  }

  expiryOf(id: string): SessionExpiry | undefined {
    return this.#expiries.get(id)
  }

  /** Host names for which cookies were set, sorted. */
  get cookieHosts(): string[] {
    return [...this.#hosts.keys()].sort()
  }
}
