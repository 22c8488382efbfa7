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

/** What the page says about a state, apart from what just happened. */
export function describe(state: CounterState): Words {
  return {
    title: titleOf(state),
    tone: TONES[state.phase],
    hint: hintOf(state),
    isWaiting: state.phase === 'loading',
    server: serverOf(state),
    browser: browserOf(state),
    calls: state.phase === 'held' ? 'None yet. The server had the value in the page before it left.' : 'None yet.',
  }
}

function titleOf({ phase, ending }: CounterState): string {
  if (phase === 'loading') return 'Asking for your session'
  if (phase === 'unknown') return 'Session unknown'
  if (phase === 'held') return 'Session held'
  return ending === 'idle' || ending === 'absolute' ? 'Session expired' : 'Session ended'
}

function hintOf({ phase, fresh }: CounterState): Hint | null {
  if (phase !== 'held') return null
  return fresh ? FIRST_VISIT : NOTHING_SENT
}

function serverOf({ phase, last }: CounterState): string {
  if (phase === 'unknown') return 'Unknown, until the store answers.'
  return `Nothing under ${last?.handle.slice(0, 8)}: the record is gone, and the value with it.`
}

function browserOf({ phase, view }: CounterState): string {
  if (phase === 'unknown' || view === null) return 'Unknown, until the server has seen a request with it.'
  return 'No session cookie. The browser dropped it when the server said so.'
}
