import type { SessionErrorCode } from '#cloakroom'
import type { FetchError } from 'ofetch'

/** Why a call failed, reduced to what the page depends on. */
export interface CallFailure {
  code: SessionErrorCode | 'unreachable' | 'unexpected'
  /** The server's own sentence; empty if there is none. */
  message: string
}

/** The failure behind an error that `$fetch` has thrown. Throws any other error again. */
export function failureOf(error: unknown): CallFailure {
  if (!(error instanceof Error) || error.name !== 'FetchError') throw error
  const { data, response } = error as FetchError<{ message?: string, data?: { code?: SessionErrorCode } }>
  return { code: data?.data?.code ?? codeOf(response?.status), message: data?.message ?? '' }
}

/** For responses without a code, such as a proxy's. */
function codeOf(status: number | undefined): CallFailure['code'] {
  if (status === undefined) return 'unreachable'
  return status === 503 ? 'store_unavailable' : 'unexpected'
}
