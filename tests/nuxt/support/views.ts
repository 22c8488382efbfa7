import { FetchError } from 'ofetch'
import type { Failure, SessionApi } from '../../../composables/session/api'

/** A server's clock, and a session that began then: idle after an hour, over after a day. */
export const NOW = Date.UTC(2026, 10, 23, 8, 0, 0)
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

export function sessionOf(changes: Partial<SessionDetails> = {}): SessionDetails {
  return {
    handle: 'h1-public-name',
    owner: null,
    createdAt: NOW,
    lastSeenAt: NOW,
    idleExpiresAt: NOW + HOUR,
    expiresAt: NOW + DAY,
    persistent: false,
    ...changes,
  }
}

export function viewOf(changes: Partial<SessionView> = {}): SessionView {
  const cookie = { name: '__Host-session', attributes: ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'], size: 212 }
  return { status: 'anonymous', session: sessionOf(), cookie, data: { id: 'h1-public-name' }, ended: null, now: NOW, ...changes }
}

export function failureOf(code: Failure['code'], retryAfterSeconds: number | null = null): Failure {
  return { code, message: '', retryAfterSeconds }
}

/** What ofetch throws for an answer of `status`; without one, as for a server that cannot be reached. */
export function fetchError(status?: number, code?: SessionErrorCode, headers: Record<string, string> = {}): FetchError {
  const response = status === undefined ? undefined : new Response(null, { status, headers })
  const data = code && { message: `${code}, said the server`, data: { code } }
  return Object.assign(new FetchError('refused'), { response, data })
}

/** A server with one session, whose answers a test may replace. */
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
