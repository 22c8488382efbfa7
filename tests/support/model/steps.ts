import fc from 'fast-check'
import { DAY, HOUR, MINUTE, SECOND } from '../engine'

const MAX_STEPS = 120

/** What an app does with the session of a request. `pick` chooses among what there is, the newest first. */
export type Action
  = | { readonly type: 'read' | 'increment' | 'flash' | 'pull' | 'extend' | 'rotate' | 'signOut' }
    | { readonly type: 'update', readonly name: number, readonly value: number }
    | RevokeAction
    | { readonly type: 'signIn', readonly user: number, readonly remember: boolean, readonly keepData: boolean }

export type RevokeAction
  = | { readonly type: 'revoke', readonly pick: number }
    | { readonly type: 'revokeOthers' | 'revokeAll' }

/** A response that is `lost` does not reach the browser, so it keeps its old cookie. */
interface Request {
  readonly browser: number
  readonly process: number
  readonly lost: boolean
}

/**
 * What can happen.
 *
 * - `begin` starts a request that `finish` ends later; with `signsIn`, a visitor without a session signs in first
 * - `together`: a page whose parts write at the same time
 * - `outage`: a sign-out that the store does not accept
 * - `unanswered`: an update that the store accepts without an answer
 * - `steal` puts any cookie that was ever sent into a browser
 * - `expire` waits until the session of a browser expires, or some milliseconds less or more
 * - `crash` ends a process and starts another one on the same store
 */
export type Step
  = | Request & { readonly type: 'request', readonly action: Action }
    | Request & { readonly type: 'browse' }
    | Request & { readonly type: 'outage' }
    | Request & { readonly type: 'unanswered' }
    | { readonly type: 'begin', readonly browser: number, readonly process: number, readonly signsIn: boolean }
    | { readonly type: 'finish', readonly pick: number, readonly action: Action, readonly lost: boolean }
    | { readonly type: 'together', readonly browser: number, readonly process: number, readonly count: number }
    | { readonly type: 'steal', readonly browser: number, readonly pick: number }
    | { readonly type: 'wait', readonly milliseconds: number }
    | { readonly type: 'expire', readonly browser: number, readonly offset: number }
    | { readonly type: 'sweep' | 'crash', readonly process: number }

/** Most often the same one, so that many steps concern one session. */
const browser = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3)
const user = fc.constantFrom(0, 0, 0, 1, 2)
const process = fc.nat({ max: 2 })
const pick = fc.nat({ max: 99 })
/** Most often something recent, because most of what is old has ended. */
const recent = fc.oneof({ weight: 3, arbitrary: fc.nat({ max: 2 }) }, { weight: 1, arbitrary: pick })
const lost = fc.constantFrom(false, false, false, true)

const kind = <Name extends string>(...names: Name[]) => ({ type: fc.constantFrom(...names) })

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: fc.record(kind('read', 'increment', 'flash', 'pull', 'extend')) },
  { weight: 4, arbitrary: fc.record({ ...kind('update'), name: fc.nat({ max: 2 }), value: fc.nat({ max: 9 }) }) },
  { weight: 6, arbitrary: fc.record({
    ...kind('signIn'), user, remember: fc.boolean(), keepData: fc.boolean(),
  }) },
  { weight: 2, arbitrary: fc.record(kind('rotate')) },
  { weight: 2, arbitrary: fc.record({ ...kind('revoke'), pick }) },
  { weight: 2, arbitrary: fc.record(kind('signOut', 'revokeOthers', 'revokeAll')) },
)

/** Both sides of each limit, a day for what is swept late, and a clock that is set back by up to an hour. */
const milliseconds = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(1, 999, SECOND, 15 * SECOND, 30 * SECOND - 1, 30 * SECOND, MINUTE) },
  { weight: 6, arbitrary: fc.constantFrom(2 * MINUTE - 1, 2 * MINUTE) },
  { weight: 2, arbitrary: fc.constantFrom(-1, -999, -SECOND, -31 * SECOND, -10 * MINUTE, -HOUR) },
  { weight: 2, arbitrary: fc.constantFrom(5 * MINUTE - 1, 5 * MINUTE, 10 * MINUTE - 1, 10 * MINUTE) },
  { weight: 1, arbitrary: fc.constantFrom(30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY) },
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ ...kind('request'), browser, process, lost, action }) },
  { weight: 10, arbitrary: fc.record({ ...kind('browse'), browser, process, lost }) },
  { weight: 8, arbitrary: fc.record({ ...kind('wait'), milliseconds }) },
  { weight: 5, arbitrary: fc.record({ ...kind('begin'), browser, process, signsIn: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ ...kind('finish'), pick: recent, action, lost }) },
  { weight: 2, arbitrary: fc.record({ ...kind('expire'), browser, offset: fc.constantFrom(0, -1, -7, 4) }) },
  { weight: 3, arbitrary: fc.record({ ...kind('steal'), browser, pick: recent }) },
  { weight: 2, arbitrary: fc.record({ ...kind('together'), browser, process, count: fc.integer({ min: 2, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ ...kind('outage', 'unanswered'), browser, process, lost }) },
  { weight: 2, arbitrary: fc.record({ ...kind('sweep', 'crash'), process }) },
)

export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: MAX_STEPS, size: 'max' })
