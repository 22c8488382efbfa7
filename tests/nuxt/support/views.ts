import type { SessionDetails, SessionErrorCode, SessionView } from '#cloakroom'
import { FetchError } from 'ofetch'
import type { Failure, SessionApi } from '../../../composables/session/api'

/** The server's clock when the session starts; it idles out an hour later and expires a day later. */
export const NOW = Date.UTC(2026, 10, 23, 8, 0, 0)
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

export function sessionOf(changes: Partial<SessionDetails> = {}): SessionDetails {
  return {
    id: 'h1-public-name',
    userId: null,
    createdAt: NOW,
    lastSeenAt: NOW,
    idleExpiresAt: NOW + HOUR,
    expiresAt: NOW + DAY,
    persistent: false,
    ...changes,
  }
}

export function viewOf(changes: Partial<SessionView> = {}): SessionView {
  return {
    status: 'anonymous',
    session: sessionOf(),
    cookie: { name: '__Host-session', attributes: ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'], size: 212 },
    data: { id: 'h1-public-name' },
    ended: null,
    now: NOW,
    ...changes,
  }
}

export function failureOf(code: Failure['code'], retryAfterSeconds: number | null = null): Failure {
  return { code, message: '', retryAfterSeconds }
}

/** The error that ofetch throws for a response with `status`; without one, for a server that cannot be reached. */
export function fetchError(
  status?: number,
  code?: SessionErrorCode,
  headers: Record<string, string> = {},
): FetchError {
  const response = status === undefined ? undefined : new Response(null, { status, headers })
  const data = code && { message: `${code}, said the server`, data: { code } }
  return Object.assign(new FetchError('refused'), { response, data })
}

/** A server with one session. A test can replace each response. */
export function fakeApi(answers: Partial<SessionApi> = {}): SessionApi {
  return {
    issue: async () => ({ id: 'value-1' }),
    renew: async () => ({ id: 'value-2' }),
    check: async () => ({ message: 'Success!' }),
    end: async () => {},
    view: async () => viewOf(),
    extend: async () => viewOf(),
    ...answers,
  }
}
