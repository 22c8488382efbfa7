declare module '#cloakroom' {
  interface SessionData {
    /** The value that was issued to the visitor. A page sends it back for comparison. */
    value?: string
    /** The signed-in user. `id` is the session's user id. */
    user?: { id: string, name: string }
    /** The note that the user stored in the session. */
    note?: string
  }
}

export {}
