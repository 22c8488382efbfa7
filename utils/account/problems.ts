import type { SessionErrorCode } from '#cloakroom'
import type { FetchError } from 'ofetch'
import type { AccountErrorCode, AccountErrorData } from '#shared/types/account'

/** Why something was refused: a sentence, and one for each field that will not do. */
export interface Problem {
  title: string
  fields: Record<string, string>
  /** What the server calls it, if it has said so. */
  code?: AccountErrorCode | SessionErrorCode
}

const OUTAGE = 'The server could not be asked. Nothing has changed: try again in a moment.'
const TITLES: Partial<Record<AccountErrorCode | SessionErrorCode, string>> = {
  invalid_body: 'Some of it will not do yet.',
  store_unavailable: 'The session store does not answer. Nothing has changed: try again in a moment.',
  rate_limited: 'That was tried too often. Wait a few minutes, then try again.',
}

/** What a call's failure means to the visitor. Any other error than a call's is a mistake of ours, and stays one. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof Error) || error.name !== 'FetchError') throw error
  const { data, response } = error as FetchError<{ message?: string, data?: AccountErrorData }>
  const code = data?.data?.code
  const fields = data?.data?.fields ?? fieldOf(code, data?.message)
  return { title: (code && TITLES[code]) ?? (response ? data?.message : undefined) ?? OUTAGE, fields, code }
}

/** Two refusals are about one field, and say so in a sentence. */
function fieldOf(code: AccountErrorCode | undefined, message = ''): Record<string, string> {
  if (code === 'name_taken') return { name: message }
  return code === 'common_password' ? { password: message } : {}
}
