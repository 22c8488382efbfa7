import { SessionError } from './errors'
import type { MaybePromise } from './store'

/**
 * Runs a write. If the store gave no answer, looks once whether the write has happened: otherwise an outage of a moment
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
    const confirmed = wasTried(error) ? await confirm().catch(() => null) : null
    if (confirmed === null) throw error
    return confirmed
  }
}

/** An open circuit breaker fails without a cause, and without a call to the store. */
function wasTried(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'store_unavailable' && error.cause !== undefined
}
