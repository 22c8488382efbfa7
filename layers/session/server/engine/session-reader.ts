import type { Admitted } from './admission'
import { handleOf } from './identity'
import type { SessionValues } from './record'
import { idleEnd } from './record'

/** What a session says of itself. Every part is `null` or empty while there is no session. */
export class SessionReader<Data extends object = SessionValues> {
  constructor(protected admitted: Admitted | null) {}

  get exists(): boolean {
    return this.admitted !== null
  }

  /** Public, stable name; `null` while there is no session. */
  get handle(): string | null {
    return this.admitted && handleOf(this.admitted.live.key)
  }

  /** The user id given to `signIn`, `null` while anonymous. */
  get owner(): string | null {
    return this.admitted?.live.record.owner ?? null
  }

  /** When the user last authenticated, milliseconds since the epoch; `null` while anonymous. */
  get authenticatedAt(): number | null {
    return this.admitted?.live.record.authenticatedAt ?? null
  }

  get createdAt(): number | null {
    return this.admitted?.live.record.createdAt ?? null
  }

  get lastSeenAt(): number | null {
    return this.admitted?.live.lastSeenAt ?? null
  }

  /** End of the absolute clock, milliseconds since the epoch. */
  get expiresAt(): number | null {
    return this.admitted?.live.record.expiresAt ?? null
  }

  /** End of the idle clock, milliseconds since the epoch. */
  get idleExpiresAt(): number | null {
    return this.admitted && idleEnd(this.admitted.live)
  }

  get persistent(): boolean {
    return this.admitted?.live.record.persistent ?? false
  }

  /** A copy of the data, to read from. Change it with `update`; changes to the copy are not saved. */
  get data(): Readonly<Partial<Data>> {
    return (this.admitted?.live.values ?? {}) as Data
  }
}
