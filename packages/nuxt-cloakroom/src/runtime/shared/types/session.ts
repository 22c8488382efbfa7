import type { ClientSession } from './auth-utils'

/**
 * What the browser may know about a session: times and a public id, never the secret.
 *
 * All times are milliseconds since the epoch on the server's clock. Compare them with {@link SessionView.now}, not with
 * the browser's clock, which may be hours off.
 */
export interface SessionView {
  /** `anonymous`: no user is signed in; there may still be a session. */
  status: 'anonymous' | 'signed-in'
  /** The session as the server holds it; `null` without one. */
  session: SessionDetails | null
  /** What the browser holds, as the server set it; `null` if no session cookie came with the request. */
  cookie: SessionCookieView | null
  /** The session's data without `secure`, serialized as JSON; `null` without a session. */
  data: ClientSession | null
  /** Why the session of the request's cookie ended, while the server remembers; otherwise `null`. */
  ended: SessionEndReason | null
  /** The server's clock at the time of the response. */
  now: number
}

/** A session's public properties. */
export interface SessionDetails {
  /** Stable public id. Safe to show and to log; it opens nothing. */
  id: string
  /** The id of the signed-in user; `null` while anonymous. */
  userId: string | null
  createdAt: number
  lastSeenAt: number
  /** Idle expiry: moves with activity. */
  idleExpiresAt: number
  /** Absolute expiry: moves only at sign-in. */
  expiresAt: number
  /** Whether the cookie outlives the browser ("remember me"). */
  persistent: boolean
}

/** The session cookie as the browser stores it. Scripts cannot read its value (`HttpOnly`). */
export interface SessionCookieView {
  name: string
  /** Attributes as in `Set-Cookie`, for example `['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax']`. */
  attributes: string[]
  /** Length of name and value together in bytes; browsers drop a cookie over 4,096. */
  size: number
}

/**
 * Why a session ended. `evicted`: its user had too many sessions. `secret_reuse`: a copy of its cookie was used.
 * `unknown`: the server does not remember why; it occurs in the browser only.
 */
export type SessionEndReason = 'signed_out' | 'revoked' | 'evicted' | 'expired' | 'secret_reuse' | 'unknown'

/** Codes in `error.data.code`, each with its HTTP status. */
export type SessionErrorCode
  = 'no_session' // 401
    | 'not_fresh' // 403
    | 'cross_origin_refused' // 403
    | 'conflict' // 409
    | 'too_large' // 413
    | 'unsupported_type' // 415
    | 'mismatch' // 422
    | 'store_unavailable' // 503

/** `here`: this tab ended the session, by `clear`. */
export type EndListener = (reason: SessionEndReason, how: { here: boolean }) => void
