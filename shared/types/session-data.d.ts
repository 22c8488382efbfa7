declare module '#cloakroom' {
  interface SessionData {
    /** The value that was issued to the visitor, to be sent back and compared. */
    value?: string
    /** Who is signed in. `id` is the session's owner. */
    user?: { id: string, name: string }
    /** What the user has left at the counter. */
    note?: string
  }
}

export {}
