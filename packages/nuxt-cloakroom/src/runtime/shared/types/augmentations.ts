import type { SessionEvent } from '../../server/sessions/events'
import type { SessionView } from './session'

type SessionEventHooks = {
  [Type in SessionEvent['type'] as `session:${Type}`]: (event: Extract<SessionEvent, { readonly type: Type }>) => void
}

/** The session of the request for a page. */
export interface PageSession {
  /** What the browser may know of it. */
  view(): Promise<SessionView | 'unknown'>
  /** Whether the page is meant for caches, which store one response for all visitors. */
  readonly isCacheable: boolean
  /** The page needs the session, so it is not for caches after all. Returns `false` if that changes nothing. */
  require(): boolean
  /** Explains a 503 of a page: by `Retry-After`, or in the log if the page goes into a cache, once for each page. */
  reportUnknown(): void
  /** Moves the idle clock. Returns `false` if there is no session. */
  extend(): Promise<boolean>
  /** Ends it, and clears the cookie. */
  clear(): Promise<void>
}

/**
 * The `session` route rule. `false`: on these paths the origin is not checked, CORS is the app's, and a session cannot
 * be used. `crossOrigin: 'sign-in'`: a form that another site submits at the top level may begin a session, for example
 * the response of an identity provider. It neither sees nor changes the session that the browser has.
 * `crossOrigin: false` takes that back for some of the paths.
 */
export type SessionRule = false | { crossOrigin?: 'sign-in' | false }

declare module 'nitropack/types' {
  interface NitroRouteConfig {
    session?: SessionRule
  }
}

declare module 'nitropack' {
  interface NitroRouteConfig {
    session?: SessionRule
  }
  interface NitroRuntimeHooks extends SessionEventHooks {
    /** Call it when the server is about to stop: event streams end, so that it can. */
    'session:shutdown': () => void
    /** Call it when the server listens over TLS, with the origins at which it is reached. */
    'session:listening': (listener: { origins: string[] }) => void
  }
}

declare module 'h3' {
  interface H3EventContext {
    /** For `useUserSession`, while a page is rendered. */
    pageSession?: PageSession
    /** Whether `GET /api/_session/diagnose` exists. */
    sessionDiagnosis?: true
  }
}

export {}
