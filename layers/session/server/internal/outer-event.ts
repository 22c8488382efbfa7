import type { H3Event } from 'h3'

const OUTER = Symbol('the browser\'s request')

const WITHIN_CACHE = Symbol('called from a cached handler')

interface Marked {
  [OUTER]?: H3Event
  [WITHIN_CACHE]?: boolean
  /** Nitro's own mark: this event is answered through its cache. */
  cache?: object
}

/**
 * Remembers which request of a browser this event belongs to. Called for every event, before anything else.
 *
 * Nuxt's calls while rendering (`event.$fetch`, `useFetch`) are events of their own with a context of their own. The
 * caller's context is reachable only as `req.__unenv__`: undocumented, so it is read here and nowhere else, and a test
 * against the built server holds it.
 */
export function markOuterEvent(event: H3Event) {
  const context = event.context as Marked
  const caller = callerContext(event)
  context[OUTER] = caller?.[OUTER] ?? event
  if (caller?.cache || caller?.[WITHIN_CACHE]) context[WITHIN_CACHE] = true
}

/** The browser's own request that led to `event`; most often `event` itself. */
export function outerEvent(event: H3Event): H3Event {
  return (event.context as Marked)[OUTER] ?? event
}

/** Whether the server itself made this call while rendering; what it may do was decided for the outer request. */
export function isInnerEvent(event: H3Event): boolean {
  return outerEvent(event) !== event
}

/** Whether this call was made, at whatever remove, for something that Nitro is going to cache. */
export function isWithinCache(event: H3Event): boolean {
  return (event.context as Marked)[WITHIN_CACHE] === true
}

function callerContext(event: H3Event): Marked | undefined {
  return (event.node.req as { __unenv__?: Marked }).__unenv__
}
