import type { SessionErrorCode, SessionView } from '#cloakroom'
import type { FetchContext, FetchError } from 'ofetch'

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

/** One answered (or lost) call, as the page's log shows it. */
export interface Call {
  id: number
  method: Method
  path: string
  /** HTTP status; `null` when no answer came. */
  status: number | null
  durationMs: number
}

/** Why a call gave no result, reduced to what the page decides on. */
export interface Failure {
  code: SessionErrorCode | 'unreachable' | 'unexpected'
  /** The server's own sentence; empty where there is none. */
  message: string
  /** From `Retry-After`; `null` where the server named no time. */
  retryAfterSeconds: number | null
}

export interface SessionApi {
  issue: () => Promise<{ id: string }>
  renew: () => Promise<{ id: string }>
  check: (session: string) => Promise<{ message: string }>
  end: () => Promise<void>
  view: () => Promise<SessionView>
  extend: () => Promise<SessionView>
}

const VALUE_PATH = '/api/session'
const VIEW_PATH = '/api/_session'
const TIMEOUT_MS = 10_000

/** The session's routes behind one fetcher; `report` hears of every call, whatever came of it. */
export function createSessionApi(
  fetcher: typeof $fetch,
  report: (call: Omit<Call, 'id'>) => void = () => {},
): SessionApi {
  async function call<T>(method: Method, path: string, body?: Record<string, unknown>): Promise<T> {
    const startedAt = performance.now()
    let status: number | null = null
    const note = ({ response }: FetchContext) => {
      status = response?.status ?? null
    }
    try {
      // No retry by ofetch: it would hide a 503 from the visitor. Status by hook: the server's request fetch has no
      // `raw`.
      return (await fetcher<T>(path, { method, body, retry: 0, timeout: TIMEOUT_MS, onResponse: note })) as T
    }
    finally {
      report({ method, path, status, durationMs: Math.round(performance.now() - startedAt) })
    }
  }

  return {
    issue: () => call('GET', VALUE_PATH),
    renew: () => call('PUT', VALUE_PATH),
    check: session => call('POST', VALUE_PATH, { session }),
    end: () => call('DELETE', VALUE_PATH),
    view: () => call('GET', VIEW_PATH),
    extend: () => call('POST', `${VIEW_PATH}/extend`),
  }
}

/** Any other error than a call's is a mistake of ours, and stays one. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error) || error.name !== 'FetchError') throw error
  const { data, response } = error as FetchError<{ message?: string, data?: { code?: SessionErrorCode } }>
  return {
    code: data?.data?.code ?? codeOf(response?.status),
    message: data?.message ?? '',
    retryAfterSeconds: parseSeconds(response?.headers.get('retry-after')),
  }
}

/** For answers without a code of ours, such as a proxy's. */
function codeOf(status: number | undefined): Failure['code'] {
  if (status === undefined) return 'unreachable'
  return status === 503 ? 'store_unavailable' : 'unexpected'
}

/** `Retry-After` in seconds; its date form is not used by our server and reads as absent. */
function parseSeconds(header: string | null | undefined): number | null {
  const seconds = Number.parseInt(header ?? '', 10)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null
}
