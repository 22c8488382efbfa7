import type { ServerResponse } from 'node:http'

/** How often a response is checked that does not close; it may be a stream without an end. */
const CHECK_INTERVAL_MS = 1000

/**
 * Resolves when a response has been sent or its client has disconnected; for a response that takes longer, when its
 * headers have been sent.
 */
export function whenSent(response: ServerResponse): Promise<void> {
  if (response.closed) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = () => {
      clearInterval(timer)
      resolve()
    }
    // The responses of Nitro's calls to itself never close, but they end.
    const timer = setInterval(() => {
      if (response.headersSent || response.writableEnded || response.destroyed) finish()
    }, CHECK_INTERVAL_MS).unref()
    response.once('close', finish)
  })
}
