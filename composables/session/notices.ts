import type { Failure } from './api'
import type { Step, Trouble } from './state'

/** What the visitor is told about the last thing that happened. */
export interface Notice {
  tone: 'success' | 'error' | 'warning' | 'neutral'
  /** The one sentence a screen reader hears. */
  title: string
  detail: string
  /** What can be done about it. */
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

const OFFLINE: Notice = {
  tone: 'warning',
  title: 'You are offline.',
  detail: LAST_KNOWN,
  remedy: 'retry',
}

const TROUBLES: Record<Trouble['kind'], Notice> = {
  store: {
    tone: 'warning',
    title: 'The session store does not answer.',
    detail: 'Nobody is signed out by that.',
    remedy: 'retry',
  },
  unreachable: {
    tone: 'warning',
    title: 'The server does not answer.',
    detail: LAST_KNOWN,
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

const REFUSALS: Partial<Record<Failure['code'], string>> = {
  cross_origin_refused: 'The call did not come from this site, so the server did not look at it.',
  conflict: 'Someone else changed the session at the same moment. Try once more.',
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

/** `missed`: the step that ran into the trouble. Whether the server got to see it, nobody knows. */
export function troubleNotice(trouble: Trouble, isOnline: boolean, missed: Step | null): Notice {
  const notice = trouble.kind === 'unreachable' && !isOnline ? OFFLINE : TROUBLES[trouble.kind]
  return missed === null ? notice : { ...notice, detail: `“${NAMES[missed]}” got no result. ${notice.detail}` }
}

/** After an outage, as long as a step still waits to be tried again: nothing is repeated unasked. */
export function missedNotice(missed: Step): Notice {
  return {
    tone: 'neutral',
    title: ANSWERS_AGAIN,
    detail: `“${NAMES[missed]}” got no result before. It works now.`,
    remedy: 'retry',
  }
}

/** `fresh`: the first answer made the session. */
export function recoveredNotice(fresh: boolean): Notice {
  const detail = fresh
    ? 'It held no session for you, so it has just made one.'
    : 'Nothing was lost: your session is as it was.'
  return { tone: 'success', title: ANSWERS_AGAIN, detail, remedy: null }
}

/** For answers that are neither a result nor an outage. */
export function refusalNotice(failure: Failure): Notice {
  return {
    tone: 'error',
    title: failure.code === 'unexpected' ? 'The server could not do that.' : 'The server refused.',
    detail: REFUSALS[failure.code] ?? (failure.message || 'It gave no reason.'),
    remedy: null,
  }
}
