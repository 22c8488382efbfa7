import type { SessionErrorCode } from '#cloakroom'
import type { FetchError } from 'ofetch'
import type { AccountErrorCode, AccountErrorData } from '#shared/types/account'

/** Why the server refused a form: a sentence, and one for each invalid field. */
export interface Problem {
  title: string
  fields: Record<string, string>
  /** The server's error code, if it sent one. */
  code?: AccountErrorCode | SessionErrorCode
}

const OUTAGE = 'The server could not be asked. Nothing has changed: try again in a moment.'
const TITLES: Partial<Record<AccountErrorCode | SessionErrorCode, string>> = {
  invalid_body: 'Some of it will not do yet.',
  store_unavailable: 'The session store does not answer. Nothing has changed: try again in a moment.',
  rate_limited: 'That was tried too often. Wait a few minutes, then try again.',
}

/** The problem behind an error that `$fetch` has thrown. Throws any other error again. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof Error) || error.name !== 'FetchError') throw error
  const { data, response } = error as FetchError<{ message?: string, data?: AccountErrorData }>
  const code = data?.data?.code
  const fields = data?.data?.fields ?? fieldOf(code, data?.message)
  return { title: (code && TITLES[code]) ?? (response ? data?.message : undefined) ?? OUTAGE, fields, code }
}

/** Two errors without `fields` belong to a field as well. */
function fieldOf(code: AccountErrorCode | undefined, message = ''): Record<string, string> {
  if (code === 'name_taken') return { name: message }
  return code === 'common_password' ? { password: message } : {}
}
