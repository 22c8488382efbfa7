import type { H3Event } from 'h3'
import { defineEventHandler, setResponseHeader } from 'h3'
import { AccountsUnavailableError } from '../accounts/failure'
import { PasswordsBusyError } from '../accounts/passwords'
import { accountError } from './account-requests'

const RETRY_AFTER_SECONDS = 2
/** A failure that lasts is logged this often, whatever the number of requests. */
const LOG_INTERVAL_MS = 60_000

let logged = { message: '', at: -Infinity }

/**
 * Defines a route that uses accounts. If their file cannot be used now, or too many passwords are waiting, the route
 * responds with 503 `busy` and `Retry-After`.
 */
export function defineAccountHandler<Result>(handler: (event: H3Event) => Promise<Result>) {
  return defineEventHandler(async (event) => {
    try {
      return await handler(event)
    }
    catch (error) {
      throw toResponse(event, error)
    }
  })
}

function toResponse(event: H3Event, error: unknown): unknown {
  if (error instanceof AccountsUnavailableError) {
    log(error)
    return busy(event, 'The accounts are not available at present. Try again in a moment.')
  }
  if (error instanceof PasswordsBusyError) {
    return busy(event, 'Too many people are signing in at once. Try again in a moment.')
  }
  return error
}

function busy(event: H3Event, message: string) {
  setResponseHeader(event, 'retry-after', RETRY_AFTER_SECONDS)
  return accountError('busy', message)
}

function log({ message }: AccountsUnavailableError) {
  const now = performance.now()
  if (message === logged.message && now - logged.at < LOG_INTERVAL_MS) return
  logged = { message, at: now }
  console.error(message)
}
