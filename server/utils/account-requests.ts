import { STATUS_CODES } from 'node:http'
import type { H3Event } from 'h3'
import { createError } from 'h3'
import { flatten, safeParse } from 'valibot'
import type { GenericSchema, InferOutput } from 'valibot'
import { isCommonPassword, verifyPassword } from '../accounts/passwords'
import { nameKey } from '../accounts/store'
import type { Account } from '../accounts/store'
import type { AccountErrorCode, AccountErrorData } from '#shared/types/account'

const STATUS: Record<AccountErrorCode, number> = {
  invalid_body: 400,
  wrong_credentials: 401,
  name_taken: 409,
  common_password: 422,
  rate_limited: 429,
  busy: 503,
}

/** Creates an error response. Its status and `data.code` are part of the HTTP contract. */
export function accountError(code: AccountErrorCode, message: string, details: Omit<AccountErrorData, 'code'> = {}) {
  return createError<AccountErrorData>({
    statusCode: STATUS[code],
    statusMessage: STATUS_CODES[STATUS[code]],
    message,
    data: { code, ...details },
  })
}

/** @throws 422 `common_password` for a password that is common, or is the account's name */
export function refuseCommonPassword(password: string, name: string): void {
  if (!isCommonPassword(password, name)) return
  throw accountError('common_password', 'This password is among the first that an attacker would try. Choose another.')
}

/**
 * Reads a body and validates it against `schema`.
 *
 * @throws 400 `invalid_body` with a sentence for each invalid field, and what `readJson` throws
 */
export async function readBodyAs<Schema extends GenericSchema>(
  event: H3Event,
  schema: Schema,
): Promise<InferOutput<Schema>> {
  const body = safeParse(schema, await readJson(event))
  if (body.success) return body.output
  const { nested = {} } = flatten(body.issues)
  const fields = Object.fromEntries(
    Object.entries(nested).map(([field, messages]) => [field, (messages as string[])[0]!]),
  )
  throw accountError('invalid_body', Object.values(fields)[0] ?? 'The body must be an object.', { fields })
}

/** Each attempt costs a hash, whether the password is right or wrong. */
const tries = defineRateLimit({ max: 60, window: '10m' })
/** Never by the account alone: an attacker who knows its name could lock the user out (ASVS 6.3.1). */
const wrongPasswords = defineRateLimit({ max: 10, window: '10m' })
const registrations = defineRateLimit({ max: 30, window: '1h' })

/**
 * Checks the password of an account. A wrong password and an unknown name get the same response after the same time.
 *
 * @param name the name that the client sent; it is rate limited even if no account has it
 * @throws 401 `wrong_credentials`; 429 `rate_limited` after too many attempts from one address
 * @throws PasswordsBusyError if too many passwords are waiting
 */
export async function requirePassword(
  event: H3Event,
  { account, name, password }: { account: Account | null, name: string, password: string },
): Promise<Account> {
  const address = clientAddress(event)
  const here = address && `${address} ${nameKey(name)}`
  tries.take(event, address)
  // Counted before the result is known, so parallel attempts get no further than sequential ones.
  wrongPasswords.take(event, here)
  const right = await verifyPassword(password, account?.password ?? null).catch((error) => {
    wrongPasswords.refund(here)
    throw error
  })
  if (!account || !right) {
    reportFailedSignIn()
    throw accountError('wrong_credentials', 'Name or password is wrong.')
  }
  wrongPasswords.refund(here)
  return account
}

/** @throws 429 `rate_limited` after too many registrations from one address */
export function limitRegistrations(event: H3Event): void {
  registrations.take(event, clientAddress(event))
}
