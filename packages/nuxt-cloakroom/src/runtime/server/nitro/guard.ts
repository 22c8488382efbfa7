import { eventHandler } from 'h3'
import type { H3Event } from 'h3'
import { getRouteRules } from 'nitropack/runtime'
import { corsHeaders } from '../http/cors'
import type { RequestOrigin } from '../http/request-headers'
import { classifyOrigin, isSafeMethod, originHeadersOf } from '../http/request-headers'
import { refuseCrossOrigin, respondToFlood, respondToPreflight, setCorsHeaders } from './guard-responses'
import type { Cloakroom } from './runtime'

const REQUEST_START = Symbol('cloakroom: request start')

/**
 * What the guard remembers of a request, for the request itself and for all calls that the server makes to itself in
 * it.
 */
export interface RequestStart {
  readonly cloakroom: Cloakroom
  /** The browser's request. */
  readonly rootEvent: H3Event
  /** When it arrived, milliseconds since the epoch: before its body, and before any work was done for it. */
  readonly receivedAt: number
}

interface UsedBy {
  readonly target: H3Event
  readonly event: H3Event
}

const USED_BY = Symbol('cloakroom: the event that uses a session')

/**
 * One setter for all events: V8 keeps a property's setters with the object's shape. A setter per request would give
 * each context a shape of its own, which keeps the request in memory until the next full garbage collection, and that
 * costs more than everything else that a session does.
 */
const REFUSE_CACHE: PropertyDescriptor = {
  set(this: { [USED_BY]: UsedBy }) {
    throw insideCache(this[USED_BY].target, this[USED_BY].event, 'cached')
  },
}

interface MarkedContext {
  [REQUEST_START]?: RequestStart & { readonly isWithinCache: boolean }
  /** Nitro's own mark: this response comes from its cache. */
  cache?: object
}

/**
 * Creates the first handler of every request of the app, before routes, route rules and middleware. It responds to
 * preflights, adds CORS headers if there is an allowlist, and refuses unsafe methods of foreign pages before their body
 * is read, and floods of forged cookies.
 */
export function createGuard(cloakroom: Cloakroom) {
  return eventHandler((event) => {
    if (markRequest(event, cloakroom).rootEvent !== event) return
    const { origins, forgedCookies, engine } = cloakroom
    if (origins.allowed.size > 0) {
      if (isPreflight(event)) return respondToPreflight(event, cloakroom)
      setCorsHeaders(event, corsHeaders(event.node.req.headers.origin, origins.allowed))
    }
    if (!isSafeMethod(event.method) && requestOriginOf(event) === 'foreign' && !isWebhook(event, cloakroom)) {
      throw refuseCrossOrigin(cloakroom)
    }
    if (engine.clock() >= forgedCookies.floodEndsAt) return
    const waitMs = forgedCookies.refusal(event.node.req)
    if (waitMs > 0) return respondToFlood(event, waitMs)
  })
}

/** The start of the browser's request that led to `event`. @throws Error if the guard has not run */
export function requestStartOf(event: H3Event): RequestStart & { readonly isWithinCache: boolean } {
  const start = (event.context as MarkedContext)[REQUEST_START]
  if (start) return start
  throw new Error('[cloakroom] No session can be used while pages are prerendered or before the server has started.')
}

/** The browser's own request that led to `event`; most often `event` itself. */
export function rootEventOf(event: H3Event): H3Event {
  return (event.context as MarkedContext)[REQUEST_START]?.rootEvent ?? event
}

/** Whether the server made this call to itself while rendering. What it may do was decided for the root request. */
export function isSubrequest(event: H3Event): boolean {
  return rootEventOf(event) !== event
}

/** Where a browser's request comes from. */
export function requestOriginOf(event: H3Event): RequestOrigin {
  const { origins } = requestStartOf(event).cloakroom
  return classifyOrigin(originHeadersOf(event.method, event.node.req.headers), origins)
}

/**
 * Throws if the response to `target` goes into a cache, and makes sure that no later handler puts it there.
 *
 * Inside Nitro's cache a request has lost its cookies, so each visitor would be anonymous, and what was created for one
 * would be shown to all. The data that a page fetches while it is rendered becomes part of the cached page. An `isr`
 * rule counts even if this server caches nothing for it, because a CDN does.
 *
 * @param event the event that uses the session: `target`, or a call that the server makes to itself for it
 */
export function assertNotCached(target: H3Event, event: H3Event): void {
  if (isCached(target)) throw insideCache(target, event, 'cached')
  if (requestStartOf(target).isWithinCache) throw insideCache(target, event, 'called from a cached handler')
  if (Object.hasOwn(target.context, 'cache')) return
  const context = target.context as { [USED_BY]?: UsedBy }
  context[USED_BY] = { target, event }
  // A cached handler that runs later shares this context, and with it what a middleware has stored for one visitor.
  Object.defineProperty(context, 'cache', REFUSE_CACHE)
}

/** Whether the response to this event goes into a cache. */
export function isCacheable(event: H3Event): boolean {
  return isCached(event) || requestStartOf(event).isWithinCache
}

/**
 * Nuxt's calls while rendering (`event.$fetch`, `useFetch`) are events with a context of their own. The caller's
 * context is reachable only as `req.__unenv__`: undocumented, so it is read here and nowhere else, and a test of the
 * built server checks it.
 */
function markRequest(event: H3Event, cloakroom: Cloakroom): RequestStart {
  const caller = (event.node.req as { __unenv__?: MarkedContext }).__unenv__
  const callerStart = caller?.[REQUEST_START]
  const start = {
    cloakroom,
    rootEvent: callerStart?.rootEvent ?? event,
    receivedAt: callerStart?.receivedAt ?? cloakroom.engine.clock(),
    isWithinCache: Boolean(caller?.cache) || callerStart?.isWithinCache === true,
  }
  const context = event.context as MarkedContext
  context[REQUEST_START] = start
  return start
}

/**
 * Compares the path as it was sent, not `event.path`, which h3 has decoded: other spellings that the router accepts for
 * the same path are not let through, and of `/webhook` and `/webhook-admin` only the listed one is.
 */
function isWebhook({ node }: H3Event, { webhookPaths }: Cloakroom): boolean {
  return webhookPaths.size > 0 && webhookPaths.has(node.req.url!.split('?', 1)[0]!)
}

function isPreflight({ method, node }: H3Event): boolean {
  return method === 'OPTIONS' && node.req.headers['access-control-request-method'] !== undefined
}

function isCached(event: H3Event): boolean {
  const { cache, isr } = getRouteRules(event)
  return Boolean(event.context.cache || cache || isr)
}

function insideCache(target: H3Event, event: H3Event, how: string) {
  const user = target === event ? '' : `${event.path}, which it calls, `
  return new Error(
    `[cloakroom] ${target.path} is ${how}, and ${user}uses a session. A cached response (defineCachedEventHandler, `
    + 'or a swr, isr or cache route rule) is the same for every visitor. Do not use the session there, or do not cache '
    + 'it.',
  )
}
