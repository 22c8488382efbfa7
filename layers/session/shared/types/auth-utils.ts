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
