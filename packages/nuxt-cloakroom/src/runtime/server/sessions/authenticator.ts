import { LRUCache } from 'lru-cache'
import type {
  AuthenticatedSession, Authentication, CookieReading, InvalidSecret, ParsedCookie, PresentedSecret, RecordRejection,
  Rejection,
} from './authentication'
import type { SessionConfig } from './config'
import { deriveNextSecret, hashSecret, hashesMatch, open, sessionIdOf, storeKeyOf } from './crypto'
import type { SessionEvents } from './events'
import { recordFirstUse } from './first-use'
import type { GuardedStore } from './guarded-store'
import type { KeyRing } from './key-ring'
import type { PendingRemovals } from './pending-removals'
import { isExpired } from './policy'
import { isOfSameUser, judgeOldSecret } from './previous-secret'
import type { StoredSession } from './record'
import { decodeSession, isOfAnotherSession } from './record'
import type { Clock, MaybePromise, StoredRecord } from './store'

/** Far above the 108 characters of a sealed cookie. A longer value is refused before any cryptography. */
const MAX_COOKIE_CHARACTERS = 512
const MAX_CACHED_COOKIES = 10_000
/** Of a record that stays parsed next to its cookie. Most have half of that; 10,000 with 800 characters take 27 MB. */
const MAX_CACHED_RECORD_CHARACTERS = 1024
/** A store that can be read but not written, for example a locked file, does not make each request wait. */
const FIRST_USE_RETRY_MS = 5000

export interface AuthenticatorDeps {
  readonly ring: KeyRing
  readonly config: Pick<SessionConfig, 'cookieName' | 'rotationGrace' | 'onSecretReuse'>
  readonly clock: Clock
  readonly events: Pick<SessionEvents, 'emit'>
  readonly store: Pick<GuardedStore, 'read' | 'replace'>
  readonly removals: PendingRemovals
}

/**
 * Decides which session a cookie opens. A missing, expired or forged cookie opens none, and is never cleared for that.
 */
export class CookieAuthenticator {
  readonly #deps: AuthenticatorDeps
  readonly #cookies = new LRUCache<string, ParsedCookie>({ max: MAX_CACHED_COOKIES })

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps
  }

  /**
   * Finds the session of a cookie. Reads the store once, and not at all for an invalid cookie. Writes only if a session
   * has expired, so that it stays expired even if the clock is set back, and at the first use of a new secret. Returns
   * a plain value if the store does.
   *
   * @param age how long ago the request with the cookie arrived, in milliseconds
   * @throws SessionError `store_unavailable`, by a rejected promise only
   */
  authenticate(cookie: CookieReading, age = 0): MaybePromise<Authentication> {
    const parsed = this.parse(cookie)
    if (typeof parsed === 'string') return rejected(parsed)
    const { removals } = this.#deps
    if (removals.has(parsed.key)) return removals.retry(parsed.key).then(() => this.#readAndCheck(parsed, age))
    return this.#readAndCheck(parsed, age)
  }

  /** Opens a cookie without reading the store. */
  parse(cookie: CookieReading): ParsedCookie | 'absent' | 'duplicate' | 'forged' {
    if (cookie.kind === 'absent') return 'absent'
    if (cookie.kind === 'duplicate') {
      this.#deps.events.emit({ type: 'refused', reason: 'duplicate_cookie' })
      return 'duplicate'
    }
    const parsed = this.#open(cookie.value)
    if (parsed) return parsed
    this.#deps.events.emit({ type: 'refused', reason: 'forged' })
    return 'forged'
  }

  /** Like {@link parse}, and emits no event. */
  parseQuietly(cookie: CookieReading): ParsedCookie | null {
    return cookie.kind === 'present' ? this.#open(cookie.value) : null
  }

  /** Checks a cookie against the record that the store has for it, and emits what an operator should know. */
  checkRecord(parsed: ParsedCookie, row: StoredRecord | null, age = 0): AuthenticatedSession | RecordRejection {
    const result = row ? this.#check(parsed, row, age) : 'unknown'
    if (typeof result !== 'string') return result
    parsed.cached = null // The data of a session that is over does not stay in memory.
    const { events } = this.#deps
    if (result === 'unknown') events.emit({ type: 'refused', reason: 'unknown' })
    if (result === 'corrupt_record' || result === 'record_mismatch' || result === 'secret_reuse') {
      events.emit({ type: result, id: sessionIdOf(parsed.key) })
    }
    return result
  }

  /** The session as a client proves it: by the current secret, or by the previous one. Otherwise why it does not. */
  verifySecret(presented: PresentedSecret, session: StoredSession, age = 0): AuthenticatedSession | InvalidSecret {
    const { secretHash, previous } = session.record
    if (hashesMatch(presented.secretHash, secretHash)) {
      return { session, cookie: presented, outdated: presented.sealedByCurrentKey === false ? 'key' : null }
    }
    const { clock, config } = this.#deps
    const standing = judgeOldSecret(presented.secretHash, session.record, { now: clock(), age }, config.rotationGrace)
    if (standing !== 'previous') return standing
    const secret = deriveNextSecret(presented.secret, previous!.salt)
    return { session, cookie: { sid: presented.sid, secret }, outdated: 'secret' }
  }

  /** Forgets the data of sessions that were not used since the last call: they may have ended elsewhere. */
  forgetIdle(): void {
    for (const parsed of this.#cookies.values()) {
      if (!parsed.used) parsed.cached = null
      parsed.used = false
    }
  }

  #open(value: string): ParsedCookie | null {
    const known = this.#cookies.get(value)
    if (known) return known
    const { ring, config } = this.#deps
    const cookie = value.length <= MAX_COOKIE_CHARACTERS ? open(ring, config.cookieName, value) : null
    if (!cookie) return null
    const parsed = {
      ...cookie,
      key: storeKeyOf(cookie.sid),
      secretHash: hashSecret(cookie.secret),
      cached: null,
      used: true,
      firstUseRetryAt: 0,
    }
    this.#cookies.set(copyOf(value), parsed)
    return parsed
  }

  #readAndCheck(parsed: ParsedCookie, age: number): MaybePromise<Authentication> {
    const row = this.#deps.store.read(parsed.key)
    if (row instanceof Promise) return row.then(read => this.#conclude(parsed, read, age))
    return this.#conclude(parsed, row, age)
  }

  #conclude(
    parsed: ParsedCookie,
    row: StoredRecord | null,
    age: number,
    isSecondTry = false,
  ): MaybePromise<Authentication> {
    const result = this.checkRecord(parsed, row, age)
    if (typeof result !== 'string') {
      const isFirstUse = result.outdated !== 'secret' && result.session.record.previous?.grace === null
      const mayRecord = isFirstUse && !isSecondTry && this.#deps.clock() >= parsed.firstUseRetryAt
      return mayRecord ? this.#recordFirstUse(parsed, result, age) : authenticated(result)
    }
    if (result === 'ended' || result === 'secret_reuse') return this.#removeRejected(parsed, result)
    return result === 'superseded' ? superseded(parsed, row!) : rejected(result)
  }

  async #recordFirstUse(
    parsed: ParsedCookie,
    current: AuthenticatedSession,
    age: number,
  ): Promise<Authentication> {
    const recorded = await recordFirstUse(this.#deps, current)
    if (recorded === current) parsed.firstUseRetryAt = this.#deps.clock() + FIRST_USE_RETRY_MS
    if (recorded) return authenticated(recorded)
    return this.#conclude(parsed, await this.#deps.store.read(parsed.key), age, true)
  }

  async #removeRejected({ key }: ParsedCookie, reason: 'ended' | 'secret_reuse'): Promise<Authentication> {
    const { removals, config } = this.#deps
    if (reason === 'ended') await removals.tryRemove(key, 'expired')
    else if (config.onSecretReuse === 'revoke') await removals.remove(key, 'secret_reuse')
    return rejected(reason)
  }

  #check(parsed: ParsedCookie, row: StoredRecord, age: number): AuthenticatedSession | RecordRejection {
    const session = decodeSession(parsed.key, row, parsed.cached)
    if (!session) return isOfAnotherSession(parsed.key, row) ? 'record_mismatch' : 'corrupt_record'
    parsed.used = true
    if (session.record !== parsed.cached?.record) {
      const isSmall = row.value.length <= MAX_CACHED_RECORD_CHARACTERS
      parsed.cached = isSmall ? { text: row.value, record: session.record } : null
    }
    if (isExpired(session, this.#deps.clock())) return 'ended'
    return this.verifySecret(parsed, session, age)
  }
}

function authenticated(session: AuthenticatedSession): Authentication {
  return { outcome: 'authenticated', session }
}

function superseded({ key, secretHash }: ParsedCookie, row: StoredRecord): Authentication {
  const session = decodeSession(key, row)!
  const endable = isOfSameUser(secretHash, session.record) ? session : undefined
  return { outcome: 'superseded', session: null, endable }
}

function rejected(outcome: Rejection): Authentication {
  return { outcome, session: null }
}

/**
 * The same characters in memory of their own: a part that was cut out of a header would keep all 16 KiB of it alive.
 */
function copyOf(sealed: string): string {
  return Buffer.from(sealed, 'latin1').toString('latin1')
}
