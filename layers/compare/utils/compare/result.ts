import type { SeenRequest } from '../../shared/compare/log'
import type { Scenario } from '../../shared/compare/scenarios'

/** One request as the page made it. */
export interface MadeRequest {
  step: 'issue' | 'check'
  method: 'GET' | 'POST'
  /** Milliseconds since the epoch. */
  startedAt: number
  durationMs: number
  /** Null: the browser let the page see no answer. */
  status: number | null
  /** What the answer said, or what the browser did in place of one. */
  message: string
  /** Resource Timing's entry, as far as the browser has filled it. */
  timing: { durationMs: number, transferSize: number, encodedBodySize: number } | null
}

/**
 * How it ended, as the browser gave it: the check succeeded; the server answered, but knew no session; the server
 * answered, and the browser kept that from the page; only a preflight was sent; nothing reached the server; anything
 * else.
 */
export type Outcome = 'works' | 'stranger' | 'withheld' | 'not-sent' | 'no-answer' | 'refused'

/** What happened to the cookie. `null`: the run did not come that far, so nobody knows. */
export interface CookieFate {
  set: boolean
  /** Whether the check carried it. */
  sent: boolean | null
  /** Whether a later request to that origin, with credentials, carried it. */
  stored: boolean | null
}

/** A scenario, run and measured. */
export interface Result {
  scenario: Scenario
  outcome: Outcome
  made: MadeRequest[]
  /** What the server saw of the job; without the probe. */
  seen: SeenRequest[]
  cookie: CookieFate
  /** From the first request's start to the last one's end. */
  totalMs: number
  /** Of all requests that the server saw, both ways. */
  bytes: number
}

/**
 * Puts together what the page measured and what the server saw. `log`: of any scenario and sample; the right ones are
 * picked.
 */
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

/** The server's clock and the browser's are of one machine, yet each counts on by itself since its start. */
const CLOCKS_APART_MS = 50
