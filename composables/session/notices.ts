import type { Failure } from './api'
import type { Trouble } from './state'

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
  detail: 'New handle, new cookie, new value. Nothing of the old one came along.',
  remedy: null,
}

export const RECOVERED: Notice = {
  tone: 'success',
  title: 'The server answers again.',
  detail: 'Nothing was lost: your session is as it was.',
  remedy: null,
}

const OFFLINE: Notice = {
  tone: 'warning',
  title: 'You are offline.',
  detail: 'This is what was known last. The buttons work again as soon as the connection is back.',
  remedy: null,
}

const TROUBLES: Record<Trouble['kind'], Notice> = {
  store: {
    tone: 'warning',
    title: 'The session store does not answer.',
    detail: 'Nothing is lost, and nobody is signed out.',
    remedy: 'retry',
  },
  unreachable: {
    tone: 'warning',
    title: 'The server does not answer.',
    detail: 'This is what was known last. The buttons work again as soon as it does.',
    remedy: 'retry',
  },
  error: {
    tone: 'error',
    title: 'The server could not answer.',
    detail: 'Something went wrong on its side.',
    remedy: 'retry',
  },
}

const REFUSALS: Partial<Record<Failure['code'], string>> = {
  cross_origin_refused: 'The call did not come from this site, so the server did not look at it.',
  conflict: 'Someone else changed the session at the same moment. Try once more.',
  too_large: 'What you sent is larger than the server accepts.',
  unsupported_type: 'The server only reads JSON.',
}

export function troubleNotice(trouble: Trouble, isOnline: boolean): Notice {
  if (trouble.kind === 'unreachable' && !isOnline) return OFFLINE
  return TROUBLES[trouble.kind]
}

/** For answers that are neither a result nor an outage. */
export function refusalNotice(failure: Failure): Notice {
  return {
    tone: 'error',
    title: 'The server refused.',
    detail: REFUSALS[failure.code] ?? (failure.message || 'It gave no reason.'),
    remedy: null,
  }
}
