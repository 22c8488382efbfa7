import type { ServerResponse } from 'node:http'

/** Milliseconds, for an answer may be a stream without an end. */
const LONGEST = 1000

/** Resolves when an answer has been sent, or its client has left, or after a second. */
export function answerOf(response: ServerResponse): Promise<void> {
  if (response.closed) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LONGEST).unref()
    response.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
