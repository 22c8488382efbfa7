declare module 'nitropack' {
  interface NitroRuntimeHooks {
    /** The server listens over TLS, and is reached under these origins. */
    'session:listening': (listener: { origins: string[] }) => void
  }
}

export {}
