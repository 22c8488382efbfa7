/** A client that finds a fault of the app must not fill the log with it. */
const MAX_PER_SECOND = 10
const SECOND_MS = 1000
const HANDLED = { unhandled: false, fatal: false, message: 'Server Error', data: undefined }

/** What Nitro reads of an error when it decides whether to log it. */
export interface LoggedError {
  unhandled?: boolean
  fatal?: boolean
  message: string
  data?: unknown
}

interface LoggedEvent {
  readonly node: { readonly req: { url?: string, originalUrl?: string } }
}

/**
 * Prepares errors for Nitro, which logs each unhandled one with the URL of its request: without the query, which is
 * user data, and only so many a second. Call the result before Nitro handles the error.
 *
 * @param clock milliseconds
 */
export function createErrorLog(clock: () => number = () => performance.now()) {
  let second = -1
  let count = 0
  return (error: LoggedError, event: LoggedEvent | undefined): void => {
    if (!error.unhandled && !error.fatal) return
    const { req } = event?.node ?? {}
    if (req) req.originalUrl = (req.originalUrl ?? req.url ?? '/').split('?', 1)[0]!
    const now = Math.floor(clock() / SECOND_MS)
    count = now === second ? count + 1 : 1
    second = now
    // Nitro logs no error that is handled, and then shows its message and data to the client.
    if (count > MAX_PER_SECOND) Object.assign(error, HANDLED)
  }
}
