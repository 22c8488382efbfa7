/** The settings of the core. All durations in milliseconds. */
export interface SessionConfig {
  readonly cookieName: string
  readonly signedIn: Lifetime
  readonly remembered: Lifetime
  readonly anonymous: Lifetime
  /** An active session gets a new secret this often. */
  readonly rotateEvery: number
  /** How long the previous secret is accepted once the browser has used the new one. */
  readonly rotationGrace: number
  /** What happens when a secret is used after its grace period: the request is refused, or the session ends as well. */
  readonly onSecretReuse: 'refuse' | 'revoke'
  /** How long after authentication a session counts as fresh. */
  readonly freshFor: number
  /** How many sessions a user may have, and what happens at that limit. */
  readonly maxPerUser: number
  readonly userLimitPolicy: 'evict-oldest' | 'reject'
  /** Above this number the oldest anonymous sessions are deleted. */
  readonly maxAnonymous: number
}

/** The idle and the absolute timeout of a kind of session, in milliseconds (ASVS 7.3.1, 7.3.2). */
export interface Lifetime {
  readonly idle: number
  readonly absolute: number
}
