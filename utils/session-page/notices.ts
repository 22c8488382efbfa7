import type { CallFailure } from './call-failure'
import type { Step } from '../../composables/useSessionActions'
import type { Outage, SessionPageState } from '../../composables/useSessionPage'

/** What the page says about the last thing that happened. */
export interface Notice {
  tone: 'success' | 'error' | 'warning' | 'neutral'
  /** The one sentence that a screen reader reads out. */
  title: string
  detail: string
  /** What the visitor can do about it. */
  remedy: 'restore' | 'retry' | null
}

export const SUCCESS: Notice = {
  tone: 'success',
  title: 'Success!',
  detail: 'The value you sent is the one the server keeps for you.',
  remedy: null,
}

export const MISMATCH: Notice = {
  tone: 'error',
  title: 'The data in the session does not match!',
  detail: 'What you sent is not what the server keeps. The session is as it was.',
  remedy: 'restore',
}

export const RENEWED: Notice = {
  tone: 'neutral',
  title: 'New value issued.',
  detail: 'Same session, same cookie. The value before this one no longer matches.',
  remedy: null,
}

export const RESTORED: Notice = {
  tone: 'neutral',
  title: 'Value restored.',
  detail: 'This is what the server keeps now. Sending it will match.',
  remedy: null,
}

export const EXTENDED: Notice = {
  tone: 'neutral',
  title: 'Idle clock reset.',
  detail: 'The absolute clock runs on: only signing in moves that one.',
  remedy: null,
}

export const STARTED: Notice = {
  tone: 'neutral',
  title: 'New session started.',
  detail: 'New id, new cookie, new value. Nothing of the old one came along.',
  remedy: null,
}

const LAST_KNOWN = 'What you see is what was known last.'

const OUTAGES: Record<Outage, Notice> = {
  offline: {
    tone: 'warning',
    title: 'You are offline.',
    detail: LAST_KNOWN,
    remedy: 'retry',
  },
  store: {
    tone: 'warning',
    title: 'The session store does not answer.',
    detail: 'No user is signed out by that.',
    remedy: 'retry',
  },
  unreachable: {
    tone: 'warning',
    title: 'The server is not responding.',
    detail: LAST_KNOWN,
    remedy: 'retry',
  },
  stale: {
    tone: 'warning',
    title: 'The session cannot be refreshed.',
    detail: `${LAST_KNOWN} No user is signed out by that.`,
    remedy: 'retry',
  },
  error: {
    tone: 'error',
    title: 'The server could not answer.',
    detail: 'Something went wrong on its side.',
    remedy: 'retry',
  },
}

const ANSWERS_AGAIN = 'The server answers again.'

const REFUSALS: Partial<Record<CallFailure['code'], string>> = {
  cross_origin_refused: 'The call did not come from this site, so the server did not look at it.',
  conflict: 'Another request changed the session at the same moment. Try once more.',
  too_large: 'What you sent is larger than the server accepts.',
  unsupported_type: 'The server only reads JSON.',
}

/** The steps as their buttons name them. */
const NAMES: Record<Step, string> = {
  send: 'Send',
  renew: 'New value',
  restore: 'Restore value',
  extend: 'Reset idle clock',
  end: 'End session',
  start: 'Start a new session',
}

/** @param missed the step without a result; the server may have carried it out all the same */
export function outageNotice(outage: Outage, missed: Step | null): Notice {
  const notice = OUTAGES[outage]
  return missed === null ? notice : { ...notice, detail: `“${NAMES[missed]}” got no result. ${notice.detail}` }
}

/** After an outage, while a step can be repeated: the page repeats no step without being asked. */
export function missedNotice(missed: Step): Notice {
  return {
    tone: 'neutral',
    title: ANSWERS_AGAIN,
    detail: `“${NAMES[missed]}” got no result before. You can repeat it.`,
    remedy: 'retry',
  }
}

/**
 * After an outage; `null` if the session has ended in the meantime, which the page shows.
 *
 * @param options.hasStarted whether the session began with the first response after the outage
 */
export function recoveredNotice(
  { phase }: SessionPageState,
  { hasStarted }: { hasStarted: boolean },
): Notice | null {
  if (phase !== 'active') return null
  const detail = hasStarted
    ? 'It held no session for you, so it has just created one.'
    : 'Nothing was lost: your session is as it was.'
  return { tone: 'success', title: ANSWERS_AGAIN, detail, remedy: null }
}

/** For responses that are neither a result nor an outage. */
export function refusalNotice(failure: CallFailure): Notice {
  return {
    tone: 'error',
    title: failure.code === 'unexpected' ? 'The server could not do that.' : 'The server refused.',
    detail: REFUSALS[failure.code] ?? (failure.message || 'It gave no reason.'),
    remedy: null,
  }
}
