import type { EventHandler } from 'h3'
import { createError, eventHandler, setResponseHeader } from 'h3'

/**
 * Answers 405 to the methods that a route does not have: GET and HEAD never run what changes something. Without it they would fall through to
 * the page renderer.
 *
 * @param methods those that the route has, as `Allow` lists them (RFC 9110 §15.5.6)
 */
export function onlyMethods(methods: string): EventHandler {
  return eventHandler((event) => {
    setResponseHeader(event, 'allow', methods)
    throw createError({ statusCode: 405, statusMessage: 'Method Not Allowed', message: `${event.method} is not allowed here.` })
  })
}
