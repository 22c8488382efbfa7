import type { OpenedCookie, SessionCookie } from './crypto'
import type { OldSecretStanding } from './previous-secret'
import type { ParsedRecord, StoredSession } from './record'

/**
 * What a `Cookie` header holds under the session cookie's name. `duplicate`: two different values, so none is trusted.
 */
export type CookieReading
  = { readonly kind: 'absent' } | { readonly kind: 'present', readonly value: string } | { readonly kind: 'duplicate' }

/** A cookie with what is derived from it, so that no hash is computed twice for one cookie. */
export interface ParsedCookie extends OpenedCookie {
  readonly key: string
  readonly secretHash: string
  /** What the store returned last. It only saves parsing: the store is read at each request. */
  cached: ParsedRecord | null
  /** Whether it was used since the last call of `CookieAuthenticator.forgetIdle`. */
  used: boolean
  /** When its first use may be recorded again after the store has failed to, milliseconds since the epoch. */
  firstUseRetryAt: number
}

/** What a client proves itself with. */
export type PresentedSecret = SessionCookie & { readonly secretHash: string, readonly sealedByCurrentKey?: boolean }

/** A session whose client has proved that it may use it. */
export interface AuthenticatedSession {
  readonly session: StoredSession
  /** What the browser should hold from now on. */
  readonly cookie: SessionCookie
  /** The browser holds an older secret than `cookie`, or the same under an old key, and needs a new cookie. */
  readonly outdated: 'secret' | 'key' | null
}

export type InvalidSecret = Exclude<OldSecretStanding, 'previous'>
export type RecordRejection = InvalidSecret | 'ended' | 'corrupt_record' | 'record_mismatch'
export type Rejection = 'absent' | 'duplicate' | 'forged' | RecordRejection

export type Authentication
  = { readonly outcome: 'authenticated', readonly session: AuthenticatedSession }
    | {
      readonly outcome: Rejection
      readonly session: null
      /** For `superseded`: the session as it is now, if it still has the same user. That user may end it. */
      readonly endable?: StoredSession | undefined
    }
