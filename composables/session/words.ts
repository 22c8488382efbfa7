import type { CounterState, Phase } from './state'

export interface Hint {
  icon: string
  title: string
  text: string
}

interface Words {
  title: string
  tone: 'live' | 'over' | 'warning' | 'quiet'
  /** Stands where results appear, while there are none. */
  hint: Hint | null
  isWaiting: boolean
  /** In place of what is not there: the server's holdings, the browser's, the calls. */
  server: string
  browser: string
  calls: string
}

const TONES: Record<Phase, Words['tone']> = { loading: 'quiet', held: 'live', over: 'over', unknown: 'warning' }

const FIRST_VISIT: Hint = {
  icon: 'i-lucide-ticket',
  title: 'First visit',
  text: 'This session was made for you just now, and your browser got one cookie with the page.',
}

const NOTHING_SENT: Hint = {
  icon: 'i-lucide-send-horizontal',
  title: 'Nothing sent yet',
  text: 'Send the value back, and the server tells you whether it is the one it keeps.',
}

const COPY: Hint = {
  icon: 'i-lucide-shield-check',
  title: 'The old cookie is worth nothing',
  text: 'A copy of it opens nothing either: whoever sends one is a stranger.',
}

/** What the page says about a state, apart from what just happened. */
export function describe(state: CounterState): Words {
  return {
    title: titleOf(state),
    tone: state.trouble === null ? TONES[state.phase] : 'warning',
    hint: hintOf(state),
    isWaiting: state.phase === 'loading',
    server: serverOf(state),
    browser: browserOf(state),
    calls: state.phase === 'held' ? 'None yet. The server had the value in the page before it left.' : 'None yet.',
  }
}

function titleOf({ phase, ending, trouble }: CounterState): string {
  if (phase === 'loading') return 'Asking for your session'
  if (phase === 'unknown') return 'Session unknown'
  if (phase === 'held') return trouble === null ? 'Session held' : 'Held when last seen'
  return ending === 'idle' || ending === 'absolute' ? 'Session expired' : 'Session ended'
}

function hintOf({ phase, fresh }: CounterState): Hint | null {
  if (phase === 'over') return COPY
  if (phase !== 'held') return null
  return fresh ? FIRST_VISIT : NOTHING_SENT
}

function serverOf({ phase, last, ending }: CounterState): string {
  if (phase === 'unknown') return 'Unknown, until the store answers.'
  const number = `No. ${last?.id.slice(0, 8)}`
  if (ending === 'idle' || ending === 'absolute') return `Nothing for you: the record of ${number} is out of date, and `
    + `will be swept away.`
  return `Nothing for you: the record of ${number} is gone, and the value with it.`
}

function browserOf({ phase, view }: CounterState): string {
  if (phase === 'unknown' || view === null) return 'Unknown, until the server has seen a request with it.'
  return 'No session cookie: the browser dropped it when the server said so.'
}
