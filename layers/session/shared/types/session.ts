import type { ClientSession } from './auth-utils'

/**
 * What the browser may know about a session: clocks and a public handle, never the secret.
 *
 * All times are milliseconds since the epoch on the server's clock; compare them with
 * {@link SessionView.now}, not with the browser's clock, which may be hours off.
 */
export interface SessionView {
  /** `anonymous`: nobody is signed in (there may still be a session). */
  status: 'anonymous' | 'signed-in'
  /** The session as the server holds it, or `null` where there is none. */
  session: SessionDetails | null
  /** What the browser holds, as the server set it; `null` where no session cookie came with the request. */
  cookie: SessionCookieView | null
  /** The session's data but its `secure` part, as JSON can say it; `null` where there is no session. */
  data: ClientSession | null
  /** Why the session ended whose cookie came with the request, as long as the server remembers; `null` in all other cases. */
  ended: SessionEndReason | null
  /** The server's clock when it answered. */
  now: number
}

/** A session's public facts. */
export interface SessionDetails {
  /** Public, stable name of the session. Safe to show and to log; it opens nothing. */
  handle: string
  /** The user id of whoever is signed in, `null` while anonymous. */
  owner: string | null
  createdAt: number
  lastSeenAt: number
  /** End of the idle clock: moves with activity. */
  idleExpiresAt: number
  /** End of the absolute clock: only signing in again moves it. */
  expiresAt: number
  /** Whether the cookie outlives the browser ("remember me"). */
  persistent: boolean
}

/** The session cookie as the browser stores it. Its value stays unreadable for scripts (`HttpOnly`). */
export interface SessionCookieView {
  name: string
  /** Attributes as they stood in `Set-Cookie`, such as `['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']`. */
  attributes: string[]
  /** Length of name and value together in bytes; browsers drop a cookie over 4096. */
  size: number
}

/** Why a session is no more. `evicted`: its user had too many. `secret_reuse`: a copy of its cookie was used. */
export type SessionEndReason = 'signed_out' | 'revoked' | 'evicted' | 'expired' | 'secret_reuse'

/** Codes in `error.data.code`, each with the HTTP status it always comes with. */
export type SessionErrorCode
  = 'no_session' // 401
    | 'not_fresh' // 403
    | 'cross_origin_refused' // 403
    | 'conflict' // 409
    | 'too_large' // 413
    | 'unsupported_type' // 415
    | 'mismatch' // 422
    | 'store_unavailable' // 503

/** Why a session ended. `unknown`: it is gone, and the server does not remember why. */
export type SessionEnding = SessionEndReason | 'unknown'

/** `here`: this very tab has ended the session, by `clear`. */
export type EndListener = (reason: SessionEnding, how: { here: boolean }) => void
