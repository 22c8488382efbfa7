/**
 * The purpose of a request. `probe` only checks whether the browser sends the cookie, and `warm-up` opens the
 * connection.
 */
export type Step = 'issue' | 'check' | 'preflight' | 'probe' | 'warm-up'

/** One request as the server saw it. It contains no cookie and no value, only whether there was a cookie. */
export interface SeenRequest {
  scenario: string
  /** 0 is the sample that is shown in full; later ones only add times. */
  sample: number
  step: Step
  method: string
  /** When it arrived, in milliseconds since the epoch. */
  at: number
  /** Milliseconds until the response was written, including the added delay. */
  durationMs: number
  status: number
  origin: string | null
  secFetchSite: string | null
  contentType: string | null
  /** Whether the request carried the scenario's cookie. */
  cookieSent: boolean
  /** The attributes of the cookie that the response sets, without its name and value; null if it sets none. */
  cookieSet: string | null
  /** The CORS headers of the response. */
  cors: Record<string, string>
  /** Request line, headers and body, without TLS. */
  requestBytes: number
  /** The same for the response. */
  responseBytes: number
}

/** The delays that can be added to each response, in milliseconds: none, another region, another continent. */
export const DELAYS_MS = [0, 50, 150] as const

export type DelayMs = typeof DELAYS_MS[number]
