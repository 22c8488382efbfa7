/** One of a user's sessions, as it may be shown to that user. Times in milliseconds since the epoch. */
export interface Device {
  /** Names the session to `revoke`. Safe to show. */
  handle: string
  /** Whether it is the session that asks. */
  current: boolean
  /** The device as its browser named itself (`User-Agent`): text of the client's, to be shown as text only. */
  label: string
  createdAt: number
  authenticatedAt: number
  lastSeenAt: number
  idleExpiresAt: number
  expiresAt: number
  persistent: boolean
}
