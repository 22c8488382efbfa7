/**
 * From when the sign-ins of one request count. A sign-out everywhere defeats those that began before it, but not one
 * that follows in the same request, as after a change of password.
 */
export class SignInStart {
  readonly #receivedAt: number
  #revocations: Map<string, number> | undefined

  /** @param receivedAt when the request arrived, milliseconds since the epoch */
  constructor(receivedAt: number) {
    this.#receivedAt = receivedAt
  }

  /** This request has ended all sessions of a user, at this time in milliseconds since the epoch. */
  noteRevocation(userId: string, at: number): void {
    this.#revocations ??= new Map()
    this.#revocations.set(userId, Math.max(at, this.#revocations.get(userId) ?? at))
  }

  /** When a sign-in of this user has begun, milliseconds since the epoch. */
  of(userId: string): number {
    const revokedAt = this.#revocations?.get(userId)
    return revokedAt === undefined ? this.#receivedAt : Math.max(this.#receivedAt, revokedAt + 1)
  }
}
