import type { SessionEvent } from '../../server/sessions/events'
import type { SessionView } from './session'

type SessionEventHooks = {
  [Type in SessionEvent['type'] as `session:${Type}`]: (event: Extract<SessionEvent, { readonly type: Type }>) => void
}

declare module 'nitropack' {
  interface NitroRuntimeHooks extends SessionEventHooks {
    /** Call it when the server is about to stop: event streams end, so that it can. */
    'session:shutdown': () => void
    /** Call it when the server listens over TLS, with the origins at which it is reached. */
    'session:listening': (listener: { origins: string[] }) => void
  }
}

declare module 'h3' {
  interface H3EventContext {
    /** For `useUserSession`, while a page is rendered: what the browser may know of the session. */
    sessionView?: () => Promise<SessionView | 'unknown'>
    /** Whether `GET /api/_session/diagnose` exists. */
    sessionDiagnosis?: true
  }
}

export {}
