import type { EventHandler } from 'h3'
import { createError, eventHandler, setResponseHeader } from 'h3'

/**
 * Responds with 405 to the methods that a route does not have, so GET and HEAD never run a handler that changes data.
 * `modules/method-not-allowed.ts` adds it to the app's API routes.
 *
 * @param methods the methods that the route has, as in `Allow` (RFC 9110 section 15.5.6)
 */
export function methodNotAllowed(methods: string): EventHandler {
  return eventHandler((event) => {
    setResponseHeader(event, 'allow', methods)
    const message = `${event.method} is not allowed here.`
    throw createError({ statusCode: 405, statusMessage: 'Method Not Allowed', message })
  })
}
