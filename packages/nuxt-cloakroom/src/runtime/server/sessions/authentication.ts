import type { SessionCookie } from './crypto'
import type { OldSecretStanding } from './previous-secret'
import type { StoredSession } from './record'

/**
 * What a `Cookie` header holds under the session cookie's name. `duplicate`: two different values, so none is trusted.
 */
export type CookieReading
  = { readonly kind: 'absent' } | { readonly kind: 'present', readonly value: string } | { readonly kind: 'duplicate' }

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
    | { readonly outcome: Rejection, readonly session: null }
