import type { FuzzRequest, FuzzTarget } from '../request'
import type { FuzzResponse } from '../response'

/** A request with what came back. */
export interface Exchange {
  readonly request: FuzzRequest
  readonly response: FuzzResponse
  readonly target: FuzzTarget
  /** What only the responses to a session's own requests may contain, by the number of the session. */
  readonly secrets: readonly SessionSecrets[]
}

/** What identifies a session and its user. */
export interface SessionSecrets {
  /** The public id, as `GET /api/_session` returns it. */
  readonly id: string
  /** Texts that belong to this session: its cookie, its id, and markers that the app has stored for it. */
  readonly markers: readonly string[]
}

/** Returns what is wrong in one sentence, or `null`. */
export type Check = (exchange: Exchange) => string | null
