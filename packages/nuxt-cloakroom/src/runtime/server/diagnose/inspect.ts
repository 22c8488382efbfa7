import type { CookieFacts, CookieOutcome } from '../../shared/types/diagnosis'
import { cookieAttributes } from '../http/set-cookie'
import { CookieAuthenticator } from '../sessions/authenticator'
import type { CookieReading, ParsedCookie } from '../sessions/authentication'
import { explainInvalidCookie, sessionIdOf } from '../sessions/crypto'
import type { SessionEngine } from '../sessions/engine'
import { SessionError } from '../sessions/errors'
import { idleExpiresAt } from '../sessions/policy'
import { decodeSession } from '../sessions/record'
import { isProvedBy } from '../sessions/secret-tag'
import type { StoredSession } from '../sessions/record'
import type { StoredRecord, Tombstone } from '../sessions/store'
import type { SessionExpiry, SessionHistory } from './session-history'

/** Name and value together (RFC 6265 section 6.1); browsers drop a longer cookie without a message. */
const MAX_COOKIE_BYTES = 4096

type Result = Pick<CookieFacts, 'outcome' | 'endedAt'>

export interface InspectorOptions {
  readonly engine: SessionEngine
  readonly crossSite: boolean
  readonly history: SessionHistory
}

/**
 * Follows the way of a session cookie to its session, and returns how far it leads. Opens no session: it emits no
 * event, ends nothing, moves no timeout, writes nothing, and returns of a session only why and when it ended.
 */
export class Inspector {
  readonly #options: InspectorOptions
  readonly #authenticator: CookieAuthenticator

  constructor(options: InspectorOptions) {
    this.#options = options
    const { ring, config, clock, store, removals } = options.engine
    // The engine's own authenticator would emit what it refuses, as if a client had tried to use it.
    this.#authenticator = new CookieAuthenticator({ ring, config, clock, store, removals, events: { emit() {} } })
  }

  async inspect(cookie: CookieReading): Promise<CookieFacts> {
    const { engine, crossSite } = this.#options
    const name = engine.config.cookieName
    const attributes = cookieAttributes({ crossSite })
    if (cookie.kind !== 'present') return { name, attributes, outcome: cookie.kind, bytes: null, endedAt: null }
    const bytes = name.length + cookie.value.length // Node decodes headers byte by byte.
    const parsed = this.#authenticator.parse(cookie)
    const result = typeof parsed === 'string'
      ? { outcome: this.#explainInvalid(cookie.value, bytes), endedAt: null }
      : await this.#readSession(parsed)
    return { name, attributes, bytes, ...result }
  }

  #explainInvalid(value: string, bytes: number): CookieOutcome {
    return bytes > MAX_COOKIE_BYTES ? 'over_4096' : explainInvalidCookie(this.#options.engine.ring, value)
  }

  async #readSession(parsed: ParsedCookie): Promise<Result> {
    const { store, removals } = this.#options.engine
    const pending = removals.reasonFor(parsed.key)
    if (pending && pending !== 'unknown') return { outcome: pending, endedAt: null }
    try {
      const row = await store.read(parsed.key)
      if (row) return this.#judge(parsed, row)
      const tombstone = await store.readTombstone(parsed.key)
      // As if the session were active: only a secret that was valid then learns that it has ended.
      if (tombstone && !isProvedBy(parsed.secretHash, tombstone)) return { outcome: 'old_secret', endedAt: null }
      return this.#explainMissing(parsed.key, tombstone)
    }
    catch (error) {
      if (!(error instanceof SessionError) || error.code !== 'store_unavailable') throw error
      return { outcome: 'store_unavailable', endedAt: null }
    }
  }

  /** There is a record: judged by the same rules as a request. */
  #judge(parsed: ParsedCookie, row: StoredRecord): Result {
    const result = this.#authenticator.checkRecord(parsed, row)
    parsed.cached = null // No cookie comes here often enough to be worth the memory.
    if (typeof result !== 'string') return { outcome: 'active', endedAt: null }
    if (result === 'ended') return expiredBy(expiryOf(decodeSession(parsed.key, row)!))
    if (result === 'secret_reuse') return { outcome: 'old_secret', endedAt: null }
    if (result === 'record_mismatch') return { outcome: 'corrupt_record', endedAt: null }
    return { outcome: result === 'unknown' ? 'superseded' : result, endedAt: null }
  }

  /**
   * A tombstone does not say which timeout it was, and a swept record leaves none: this process may have seen the
   * session.
   */
  #explainMissing(key: string, tombstone: Tombstone | null): Result {
    if (tombstone && tombstone.reason !== 'expired' && tombstone.reason !== 'unknown') {
      return { outcome: tombstone.reason, endedAt: tombstone.removedAt }
    }
    const expiry = this.#options.history.expiryOf(sessionIdOf(key))
    const isPast = expiry && this.#options.engine.clock() >= Math.min(expiry.idle, expiry.absolute)
    if (isPast) return expiredBy(expiry)
    return { outcome: tombstone ? 'expired' : 'no_record', endedAt: null }
  }
}

function expiryOf(session: StoredSession): SessionExpiry {
  return { idle: idleExpiresAt(session), absolute: session.record.expiresAt }
}

function expiredBy({ idle, absolute }: SessionExpiry): Result {
  if (idle < absolute) return { outcome: 'expired_idle', endedAt: idle }
  return { outcome: 'expired_absolute', endedAt: absolute }
}
