/**
 * The types of nuxt-auth-utils under the same name, so that an app's own augmentations keep working:
 *
 * ```ts
 * declare module '#auth-utils' {
 *   interface User { id: string, name: string }
 * }
 * ```
 */

import type { Serialize } from 'nitropack/types'
import type { ComputedRef } from 'vue'
import type { EndListener, SessionCookieView, SessionDetails, SessionEndReason } from './session'
import type { SessionData } from './session-data'

/** The signed-in user as pages may see it. Empty here; the app declares its own fields. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an app fills it by augmentation
export interface User {}

/** What only the server may see. Empty here; the app declares its own fields. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an app fills it by augmentation
export interface SecureSessionData {}

export interface UserSession {
  /** The session's public id: stable, opens nothing. Empty without a session. */
  id: string
  /** The signed-in user, for client and server. */
  user?: User
  /** For the server only. */
  secure?: SecureSessionData
  /** Other data of the app, for client and server. */
  [key: string]: unknown
}

export interface UserSessionRequired extends UserSession {
  user: User
}

/** The names that an app has declared, without the index signature. */
type Declared<Values> = { [Name in keyof Values as string extends Name ? never : Name]: Values[Name] }

/** What a session holds on the server: the app's `SessionData`, and `user` and `secure` unless it declares them. */
export type ServerSessionData = SessionData & Omit<Pick<UserSession, 'user' | 'secure'>, keyof SessionData>

/** A session as the browser receives it: what the app has declared, serialized as JSON, without the `secure` part. */
export type ClientSession
  = Omit<Declared<UserSession>, 'secure'> & Omit<Serialize<SessionData>, 'id' | 'secure'>

/** The visitor's session as a page sees it. All times are the server's, in milliseconds since the epoch. */
export interface UserSessionComposable {
  /** Whether the server has said who the visitor is. `false` only on a cached page or during an outage. */
  readonly ready: ComputedRef<boolean>
  /** `unknown` is not `anonymous`: no user was signed out, the server just has not responded yet. */
  readonly status: ComputedRef<'unknown' | 'anonymous' | 'signed-in'>
  readonly loggedIn: ComputedRef<boolean>
  /**
   * The last refresh failed, so the other values may be out of date. It is retried automatically, with back-off, while
   * the tab is visible.
   */
  readonly stale: ComputedRef<boolean>
  /** Milliseconds until the next automatic retry of a failed refresh; `null` if none is scheduled. */
  readonly retryIn: ComputedRef<number | null>
  readonly user: ComputedRef<ClientSession['user'] | null>
  /** The session's data without `secure`, with the public id as `id`; `null` without a session. */
  readonly session: ComputedRef<ClientSession | null>
  /** The session's public properties; `null` without a session. */
  readonly details: ComputedRef<SessionDetails | null>
  /** The session cookie as the browser stores it; `null` if it holds none. */
  readonly cookie: ComputedRef<SessionCookieView | null>
  /** Absolute expiry. */
  readonly expiresAt: ComputedRef<number | null>
  readonly idleExpiresAt: ComputedRef<number | null>
  /** The server's clock. */
  readonly now: ComputedRef<number>
  /** Milliseconds until the session expires; `null` without a session. Correct whatever the browser's clock says. */
  readonly remaining: ComputedRef<number | null>
  /** Why the last session ended, until a user signs in; `null` if none has ended. */
  readonly ended: ComputedRef<SessionEndReason | null>
  /**
   * Refreshes the session from the server, for example after signing in or after its data has changed. Never throws:
   * without a response, `stale` is `true`. The other tabs are notified of changes. While a page is rendered, what was
   * rendered before keeps the earlier state.
   */
  fetch: () => Promise<void>
  /** Moves the idle clock, in all tabs. Returns `false` if the server did not. */
  extend: () => Promise<boolean>
  /** Signs out on this device. @throws FetchError if the server could not end the session */
  clear: () => Promise<void>
  /**
   * Calls `listener` once, in every tab, when the session ends. It is removed when the component unmounts or when you
   * call the returned function. After an `await` in your own composable no component is known, so call the function.
   */
  onEnded: (listener: EndListener) => () => void
  /**
   * Calls `listener` when the list of the user's sessions changes, on this or another device. Removed like `onEnded`.
   */
  onChanged: (listener: () => void) => () => void
}
