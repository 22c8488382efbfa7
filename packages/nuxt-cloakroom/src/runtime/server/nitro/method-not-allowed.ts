import type { H3Event } from 'h3'
import { setResponseHeader } from 'h3'
import { httpError } from './platform'

/**
 * The 405 error for a method that a route does not have, so that GET and HEAD never run what changes something. Without
 * it the request would reach the page renderer.
 *
 * @param methods those that the route has, as in `Allow` (RFC 9110 section 15.5.6)
 */
export function methodNotAllowed(event: H3Event, methods: string) {
  setResponseHeader(event, 'allow', methods)
  return httpError({ status: 405, message: `${event.method} is not allowed here.` })
}
