import type { Phase, SessionPageState } from '../../composables/useSessionPage'

export interface Hint {
  icon: string
  title: string
  text: string
}

export type SessionTone = 'active' | 'ended' | 'warning' | 'neutral'

interface SessionPageTexts {
  title: string
  tone: SessionTone
  /** Shown until a step has a result. */
  hint: Hint | null
  /** Shown if there are no facts of the server. */
  server: string
  /** Shown if there are no facts of the browser. */
  browser: string
  /** Shown if there are no calls. */
  calls: string
}

const TONES: Record<Phase, SessionTone> = { loading: 'neutral', active: 'active', ended: 'ended', unknown: 'warning' }

const FIRST_VISIT: Hint = {
  icon: 'i-lucide-ticket',
  title: 'First visit',
  text: 'The server has just created this session, and your browser received one cookie with the page.',
}

const NOTHING_SENT: Hint = {
  icon: 'i-lucide-send-horizontal',
  title: 'Nothing sent yet',
  text: 'Send the value back, and the server tells you whether it is the one it keeps.',
}

const COPY: Hint = {
  icon: 'i-lucide-shield-check',
  title: 'The old cookie is worth nothing',
  text: 'A copy of it opens nothing either.',
}

/** What the page says about a state, apart from what just happened. */
export function describe(state: SessionPageState): SessionPageTexts {
  return {
    title: titleOf(state),
    tone: state.outage === null ? TONES[state.phase] : 'warning',
    hint: hintOf(state),
    server: serverText(state),
    browser: browserText(state),
    calls: state.phase === 'active' ? 'None yet. The server had the value in the page before it left.' : 'None yet.',
  }
}

function titleOf({ phase, endCause, outage, last }: SessionPageState): string {
  if (phase === 'loading') return 'Asking for your session'
  if (phase === 'unknown') return last === null ? 'Session unknown' : 'Value unknown'
  if (phase === 'active') return outage === null ? 'Session held' : 'Held when last seen'
  if (endCause === 'not_started') return 'No session'
  return hasExpired(endCause) ? 'Session expired' : 'Session ended'
}

function hintOf({ phase, isFirstVisit, last }: SessionPageState): Hint | null {
  if (phase === 'ended') return last === null ? null : COPY
  if (phase !== 'active') return null
  return isFirstVisit ? FIRST_VISIT : NOTHING_SENT
}

function serverText({ phase, last, endCause }: SessionPageState): string {
  if (phase !== 'ended') return 'Unknown, until the store answers.'
  if (last === null) return 'A new session, but no request with its cookie has come.'
  const number = `No. ${last.id.slice(0, 8)}`
  if (hasExpired(endCause)) return `Nothing for you: the record of ${number} is out of date, and will be swept away.`
  return `Nothing for you: the record of ${number} is gone, and the value with it.`
}

function browserText({ phase, last }: SessionPageState): string {
  if (phase !== 'ended') return 'Unknown, until the server has seen a request with it.'
  if (last === null) return 'No session cookie: the browser has not stored it, or does not send it.'
  return 'No session cookie: the browser dropped it when the server said so.'
}

function hasExpired(cause: SessionPageState['endCause']): boolean {
  return cause === 'idle' || cause === 'absolute'
}
