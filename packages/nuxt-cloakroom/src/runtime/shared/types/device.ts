/** One of a user's sessions, as it may be shown to that user. Times in milliseconds since the epoch. */
export interface Device {
  /** The session's public id, for `revoke`. Safe to show. */
  id: string
  /** Whether it is the session of this request. */
  current: boolean
  /** The browser's `User-Agent`. A client chose this text, so show it as text only. */
  label: string
  createdAt: number
  authenticatedAt: number
  lastSeenAt: number
  idleExpiresAt: number
  expiresAt: number
  persistent: boolean
}
