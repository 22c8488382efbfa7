import type { SeenRequest } from '../../shared/compare/log'
import type { Scenario } from '../../shared/compare/scenarios'

/** One request as the page made it. */
export interface MadeRequest {
  step: 'issue' | 'check'
  method: 'GET' | 'POST'
  /** Milliseconds since the epoch. */
  startedAt: number
  durationMs: number
  /** Null if the browser let the page see no response. */
  status: number | null
  /** The message of the response, or the error of the browser. */
  message: string
  /** The entry of Resource Timing, as far as the browser filled it in. */
  timing: { durationMs: number, transferSize: number, encodedBodySize: number } | null
}

/**
 * How the job ended. `works`: the check succeeded. `stranger`: the server responded, but found no session. `withheld`:
 * the server responded, but the browser kept the response from the page. `not-sent`: the browser sent only a
 * preflight. `no-answer`: nothing reached the server. `refused`: anything else.
 */
export type Outcome = 'works' | 'stranger' | 'withheld' | 'not-sent' | 'no-answer' | 'refused'

/** What happened to the cookie. `null`: unknown, because the run did not get that far. */
export interface CookieFate {
  set: boolean
  /** Whether the check carried it. */
  sent: boolean | null
  /** Whether a later request to that origin, with credentials, carried it. */
  stored: boolean | null
}

/** The measured result of a scenario. */
export interface Result {
  scenario: Scenario
  outcome: Outcome
  made: MadeRequest[]
  /** The requests of the job that the server saw, without the probe. */
  seen: SeenRequest[]
  cookie: CookieFate
  /** From the first request's start to the last one's end. */
  totalMs: number
  /** The bytes of all requests that the server saw, in both directions. */
  bytes: number
}

/** Combines what the page measured with what the server saw. Ignores other scenarios and samples in `log`. */
export function toResult(scenario: Scenario, made: MadeRequest[], log: SeenRequest[], sample = 0): Result {
  const own = log.filter(entry => entry.scenario === scenario.id && entry.sample === sample)
  const seen = own.filter(({ step }) => step !== 'probe')
  const last = made.at(-1)
  return {
    scenario,
    outcome: outcomeOf(last, seen),
    made,
    seen,
    cookie: {
      set: seen.some(({ cookieSet }) => cookieSet !== null),
      sent: seen.find(({ step }) => step === 'check')?.cookieSent ?? null,
      stored: own.find(({ step }) => step === 'probe')?.cookieSent ?? null,
    },
    totalMs: last ? last.startedAt + last.durationMs - made[0]!.startedAt : 0,
    bytes: seen.reduce((sum, { requestBytes, responseBytes }) => sum + requestBytes + responseBytes, 0),
  }
}

function outcomeOf(last: MadeRequest | undefined, seen: SeenRequest[]): Outcome {
  if (!last) return 'no-answer'
  if (last.status === null) {
    if (seen.some(({ step }) => step === last.step)) return 'withheld'
    return seen.some(({ step, at }) => step === 'preflight' && at >= last.startedAt - CLOCKS_APART_MS)
      ? 'not-sent'
      : 'no-answer'
  }
  if (last.status === 401) return 'stranger'
  return last.step === 'check' && last.status === 200 ? 'works' : 'refused'
}

/** Server and browser run on one machine, but each of their clocks counts separately from its start. */
const CLOCKS_APART_MS = 50
