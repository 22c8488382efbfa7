import type { SessionEvent } from '../../server/engine/events'

type SessionEventHooks = {
  [Type in SessionEvent['type'] as `session:${Type}`]: (event: Extract<SessionEvent, { readonly type: Type }>) => void
}

declare module 'nitropack' {
  interface NitroRuntimeHooks extends SessionEventHooks {
    /** The server listens over TLS, and is reached under these origins. */
    'session:listening': (listener: { origins: string[] }) => void
  }
}

export {}
