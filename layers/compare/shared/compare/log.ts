/**
 * What a request of the comparison is for. `probe` only asks whether the cookie comes along, and `warm-up` opens the
 * connection.
 */
export type Step = 'issue' | 'check' | 'preflight' | 'probe' | 'warm-up'

/** One request as the server saw it. No cookie and no value is in here, only whether there was one. */
export interface SeenRequest {
  scenario: string
  /** 0 is the run that is told in full; later ones only add times. */
  sample: number
  step: Step
  method: string
  /** When it arrived, in milliseconds since the epoch. */
  at: number
  /** Until the answer was written, the added delay included. */
  durationMs: number
  status: number
  origin: string | null
  secFetchSite: string | null
  contentType: string | null
  /** Whether the scenario's cookie came with it. */
  cookieSent: boolean
  /** The attributes of the cookie that the answer sets, its name and value left out; null if it sets none. */
  cookieSet: string | null
  /** The CORS headers of the answer. */
  cors: Record<string, string>
  /** Request line, headers and body, without TLS. */
  requestBytes: number
  /** The same of the answer. */
  responseBytes: number
}

/** The delays that may be added to each answer, in milliseconds: none, another region, another continent. */
export const DELAYS_MS = [0, 50, 150] as const

export type DelayMs = typeof DELAYS_MS[number]
