/**
 * The types of nuxt-auth-utils, under the same name, so that an app's own augmentations go on working:
 *
 * ```ts
 * declare module '#auth-utils' {
 *   interface User { id: string, name: string }
 * }
 * ```
 */

import type { Serialize } from 'nitropack/types'
import type { ComputedRef } from 'vue'
import type { EndListener, SessionEnding } from './session'
import type { SessionData } from './session-data'

/** The signed-in user as pages may see it. Empty here; the app fills it. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an app fills it by augmentation
export interface User {}

/** What only the server may see. Empty here; the app fills it. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an app fills it by augmentation
export interface SecureSessionData {}

export interface UserSession {
  /** The session's handle: public, stable, opens nothing. Empty while there is no session. */
  id: string
  /** The signed-in user, for client and server. */
  user?: User
  /** For the server only. */
  secure?: SecureSessionData
  /** Whatever else the app keeps, for client and server. */
  [key: string]: unknown
}

export interface UserSessionRequired extends UserSession {
  user: User
}

/** A session as the browser gets it: what the app has declared in `SessionData`, `UserSession` and `User`, through JSON, and never the `secure` part. */
export type ClientSession = UserSession & Omit<Serialize<SessionData>, 'id' | 'secure'> & { secure?: never }

/** The visitor's session as a page sees it. All times are the server's, in milliseconds since the epoch. */
export interface UserSessionComposable {
  /** Whether the server has said who this is. `false` only where it could not be asked, and on a cached page until it has been. */
  readonly ready: ComputedRef<boolean>
  /** `unknown` is not `anonymous`: nobody has been signed out, the server just has not answered yet. */
  readonly status: ComputedRef<'unknown' | 'anonymous' | 'signed-in'>
  readonly loggedIn: ComputedRef<boolean>
  /** The last question got no answer, so all this may be out of date. In the browser it is asked again by itself, ever more slowly, while the tab is in view. */
  readonly stale: ComputedRef<boolean>
  readonly user: ComputedRef<ClientSession['user'] | null>
  /** The session's data but its `secure` part, with the handle as `id`; `null` where there is no session. */
  readonly session: ComputedRef<ClientSession | null>
  readonly expiresAt: ComputedRef<number | null>
  readonly idleExpiresAt: ComputedRef<number | null>
  /** Milliseconds until the session ends by itself; `null` where there is none. Right whatever the browser's clock says. */
  readonly remaining: ComputedRef<number | null>
  /** Why the last session ended, until somebody signs in; `null` if none has. */
  readonly ended: ComputedRef<SessionEnding | null>
  /** Asks the server anew, as after signing in or after the session's data has changed. Never throws: without an answer, `stale` says so. The other tabs hear of what is new. */
  fetch: () => Promise<void>
  /** Slides the idle clock, in all tabs. `false`: the server did not do it. */
  extend: () => Promise<boolean>
  /** Signs out on this device. @throws FetchError where the server could not end the session */
  clear: () => Promise<void>
  /** Calls back once when the session ends, whoever ended it, in every tab. Until the component is unmounted, or the function is called that it answers: after an `await` in a composable of your own, only that, since no component is known there. */
  onEnded: (listener: EndListener) => () => void
  /** Calls back when the user's sessions have become others: somebody signed in or out, here or on another device. For as long as `onEnded`. */
  onChanged: (listener: () => void) => () => void
}
