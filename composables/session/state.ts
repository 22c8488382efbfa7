import type { SessionDetails, SessionView } from '#cloakroom'
import type { Failure } from './api'
import { endingClock, isOver, type ClockName } from './clocks'

/**
 * - `loading`: nothing is known yet, an answer is on its way
 * - `held`: the server holds a session for this browser
 * - `over`: there was one, and the server says there is none now
 * - `unknown`: the server could not be asked; the session is neither lost nor ended
 */
export type Phase = 'loading' | 'held' | 'over' | 'unknown'

/** Who or what ended it. `elsewhere`: another tab, another device, or the server. */
export type Ending = ClockName | 'you' | 'elsewhere'

/** What the visitor can ask for. */
export type Step = 'send' | 'renew' | 'restore' | 'extend' | 'end' | 'start'

/** Why the last call got nowhere; what is on the page is the last that was known. */
export interface Trouble {
  /** `error`: the server answered, but with nothing that we can use. */
  kind: 'store' | 'unreachable' | 'error'
  retryAfterSeconds: number | null
}

const OUTAGES: Partial<Record<Failure['code'], Trouble['kind']>> = {
  store_unavailable: 'store',
  unreachable: 'unreachable',
}

export interface CounterState {
  phase: Phase
  /** The value in the session, as the server last said. */
  value: string
  view: SessionView | null
  /** The session as last seen; stays when it is over. */
  last: SessionDetails | null
  ending: Ending | null
  /** When we learnt that it is over, on the server's clock. */
  endedAt: number | null
  /** The session was created by the very load that brought it. */
  fresh: boolean
  trouble: Trouble | null
}

/** What a page load learns: plain data, so that it crosses from the server's render to the browser. */
export type Snapshot
  = { kind: 'held', id: string, view: SessionView, fresh: boolean } | { kind: 'failed', failure: Failure }

/** Both clocks are the server's, only the difference counts; `elapsedMs` may be measured anywhere. */
export function isCreatedWithin(view: SessionView, elapsedMs: number): boolean {
  if (view.session === null) return false
  return view.now - view.session.createdAt <= elapsedMs
}

export function initialState(): CounterState {
  return {
    phase: 'loading',
    value: '',
    view: null,
    last: null,
    ending: null,
    endedAt: null,
    fresh: false,
    trouble: null,
  }
}

export function withSnapshot(state: CounterState, snapshot: Snapshot): CounterState {
  if (snapshot.kind === 'failed') return withFailure(state, snapshot.failure)
  return withValue(withView({ ...state, last: null, fresh: snapshot.fresh }, snapshot.view), snapshot.id)
}

export function withValue(state: CounterState, id: string): CounterState {
  return { ...withAnswer(state), value: id }
}

/** The server answered, whatever it said: the outage is over. */
export function withAnswer(state: CounterState): CounterState {
  return { ...state, trouble: null }
}

/** The server's word on the session: the only thing that moves the page between `held` and `over`. */
export function withView(state: CounterState, view: SessionView): CounterState {
  const answered = { ...withAnswer(state), view }
  if (view.session !== null) {
    const fresh = state.fresh && isSame(state.last, view.session)
    return { ...answered, phase: 'held', last: view.session, ending: null, endedAt: null, fresh }
  }
  if (state.phase === 'over') return answered
  return { ...answered, phase: 'over', ending: endReasonOf(state.last, view.now), endedAt: view.now, fresh: false }
}

/**
 * The visitor ended it and the server said so: then no view has to confirm it, and none may say that someone else did.
 */
export function withEndByYou(state: CounterState, serverNow: number): CounterState {
  const view = state.view && { ...state.view, session: null, cookie: null, now: serverNow }
  return { ...state, view, phase: 'over', ending: 'you', endedAt: serverNow, fresh: false, trouble: null }
}

/** An outage is not a sign-out: what was known stays on the page. Any other refusal leaves no mark on what is known. */
export function withFailure(state: CounterState, { code, retryAfterSeconds }: Failure): CounterState {
  const kind = OUTAGES[code]
  const isKnown = state.phase === 'held' || state.phase === 'over'
  if (isKnown) return kind ? { ...state, trouble: { kind, retryAfterSeconds } } : state
  return { ...state, phase: 'unknown', trouble: { kind: kind ?? 'error', retryAfterSeconds } }
}

/** A session that is over can only be followed by another; all else takes one that is held. */
export function allows({ phase }: CounterState, step: Step): boolean {
  return phase === (step === 'start' ? 'over' : 'held')
}

function isSame(last: SessionDetails | null, session: SessionDetails): boolean {
  return last === null || last.id === session.id
}

function endReasonOf(last: SessionDetails | null, serverNow: number): Ending {
  return last !== null && isOver(last, serverNow) ? endingClock(last) : 'elsewhere'
}
