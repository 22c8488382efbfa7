import type { SessionEvent } from '../../server/engine/events'
import type { SessionView } from './session'

type SessionEventHooks = {
  [Type in SessionEvent['type'] as `session:${Type}`]: (event: Extract<SessionEvent, { readonly type: Type }>) => void
}

declare module 'nitropack' {
  interface NitroRuntimeHooks extends SessionEventHooks {
    /** The server is about to stop: event streams end, so that it can. */
    'session:shutdown': () => void
    /** The server listens over TLS, and is reached under these origins. */
    'session:listening': (listener: { origins: string[] }) => void
  }
}

declare module 'h3' {
  interface H3EventContext {
    /** For the layer's own `useUserSession`, while a page is rendered: what the browser may know of the session. */
    sessionView?: () => Promise<SessionView | 'unknown'>
    /** `GET /api/_session/diagnose` is there. */
    sessionDiagnosis?: true
  }
}

export {}
