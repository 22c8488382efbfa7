import { setTimeout as delay } from 'node:timers/promises'
import { SessionError } from './errors'
import type { MaybePromise } from './store'

/** A connection that broke with the answer is back within moments, or the store is down. */
const RETRY_DELAYS_MS = [100, 400]

/**
 * Runs a write. If the store gave no answer, finds out whether the write has happened: otherwise an outage of a moment
 * would leave the browser with a secret that is no longer valid.
 *
 * @param confirm reads the store; returns the result of a write that has happened, or `null`
 * @throws SessionError `store_unavailable` if the write has not happened, or if that cannot be found out
 */
export async function confirmWrite<Result>(
  write: () => MaybePromise<Result>,
  confirm: () => Promise<Result | null>,
): Promise<Result> {
  try {
    return await write()
  }
  catch (error) {
    const confirmed = wasTried(error) ? await confirmWithRetry(confirm) : null
    if (confirmed === null) throw error
    return confirmed
  }
}

/** Reads again only while the store cannot be read. */
async function confirmWithRetry<Result>(confirm: () => Promise<Result | null>): Promise<Result | null> {
  for (const wait of [...RETRY_DELAYS_MS, null]) {
    try {
      return await confirm()
    }
    catch (error) {
      if (wait === null || !wasTried(error)) return null
      await delay(wait)
    }
  }
  return null
}

/** An open circuit breaker fails without a cause, and without a call to the store. */
function wasTried(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'store_unavailable' && error.cause !== undefined
}
