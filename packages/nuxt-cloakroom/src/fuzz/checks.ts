import { answersInTime, hasNoServerError } from './checks/answers'
import { boundsWebSockets, refusesForeignUpgrades, refusesOtherOrigins } from './checks/cross-origin'
import type { Check, Exchange } from './checks/exchange'
import { leaksNothing, seesItsOwnSession, setsNoCookie } from './checks/sessions'

/** What must hold for each request, by name. */
const CHECKS: Readonly<Record<string, Check>> = {
  'no-answer': answersInTime,
  'server-error': hasNoServerError,
  'wrong-session': seesItsOwnSession,
  'cookie-set': setsNoCookie,
  'leak': leaksNothing,
  'cross-origin': refusesOtherOrigins,
  'cross-origin-socket': refusesForeignUpgrades,
  'socket-limits': boundsWebSockets,
}

/** A rule that a response breaks. */
export interface Violation {
  readonly check: string
  readonly message: string
}

/** Returns all rules that this exchange breaks. */
export function findViolations(exchange: Exchange): Violation[] {
  return Object.entries(CHECKS).flatMap(([check, run]) => {
    const message = run(exchange)
    return message === null ? [] : [{ check, message }]
  })
}
