import type { H3Event } from 'h3'

const OUTER = Symbol('the browser\'s request')

type Marked = Record<symbol, H3Event | undefined>

/**
 * Remembers which request of a browser this event belongs to. Called for every event, before anything else.
 *
 * Nuxt's calls while rendering (`event.$fetch`, `useFetch`) are events of their own with a context of their own. The
 * caller's context is reachable only as `req.__unenv__`: undocumented, so it is read here and nowhere else, and a test
 * against the built server holds it.
 */
export function markOuterEvent(event: H3Event) {
  (event.context as Marked)[OUTER] = (callerContext(event) as Marked | undefined)?.[OUTER] ?? event
}

/** The browser's own request that led to `event`; most often `event` itself. */
export function outerEvent(event: H3Event): H3Event {
  return (event.context as Marked)[OUTER] ?? event
}

/** Whether the server itself made this call while rendering; what it may do was decided for the outer request. */
export function isInnerEvent(event: H3Event): boolean {
  return outerEvent(event) !== event
}

function callerContext(event: H3Event): object | undefined {
  return (event.node.req as { __unenv__?: object }).__unenv__
}
