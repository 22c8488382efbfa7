import type { Admitted } from './admission'
import { handleOf } from './identity'
import type { SessionValues } from './record'
import { NO_DATA, idleEnd, revive } from './record'

/** What a session says of itself. Every part is `null` or empty while there is no session. */
export class SessionReader<Data extends object = SessionValues> {
  #current: Admitted | null
  #data: Data | undefined

  constructor(admitted: Admitted | null) {
    this.#current = admitted
  }

  protected get admitted(): Admitted | null {
    return this.#current
  }

  protected set admitted(admitted: Admitted | null) {
    this.#current = admitted
    this.#data = undefined
  }

  get exists(): boolean {
    return this.#current !== null
  }

  /** Public, stable name; `null` while there is no session. */
  get handle(): string | null {
    return this.#current && handleOf(this.#current.live.key)
  }

  /** The user id given to `signIn`, `null` while anonymous. */
  get owner(): string | null {
    return this.#current?.live.record.owner ?? null
  }

  /** When the user last authenticated, milliseconds since the epoch; `null` while anonymous. */
  get authenticatedAt(): number | null {
    return this.#current?.live.record.authenticatedAt ?? null
  }

  get createdAt(): number | null {
    return this.#current?.live.record.createdAt ?? null
  }

  get lastSeenAt(): number | null {
    return this.#current?.live.lastSeenAt ?? null
  }

  /** End of the absolute clock, milliseconds since the epoch. */
  get expiresAt(): number | null {
    return this.#current?.live.record.expiresAt ?? null
  }

  /** End of the idle clock, milliseconds since the epoch. */
  get idleExpiresAt(): number | null {
    return this.#current && idleEnd(this.#current.live)
  }

  get persistent(): boolean {
    return this.#current?.live.record.persistent ?? false
  }

  /** A copy of the data, to read from. Change it with `update`; changes to the copy are not saved. */
  get data(): Readonly<Partial<Data>> {
    this.#data ??= revive(this.#current?.live.record.data ?? NO_DATA) as Data
    return this.#data
  }
}
