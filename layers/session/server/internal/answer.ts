import type { ServerResponse } from 'node:http'

/** Milliseconds after which an answer that has begun is on its way: it may be a stream without an end. */
const LOOK_EVERY = 1000

/** Resolves when an answer has been sent or its client has left; of one that takes longer, when its headers have. */
export function answerOf(response: ServerResponse): Promise<void> {
  if (response.closed) return Promise.resolve()
  return new Promise((resolve) => {
    const answered = () => {
      clearInterval(timer)
      resolve()
    }
    // What Nitro's calls to itself answer with never closes, but ends.
    const timer = setInterval(() => (response.headersSent || response.writableEnded || response.destroyed) && answered(), LOOK_EVERY).unref()
    response.once('close', answered)
  })
}
