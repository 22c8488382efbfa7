import { appendResponseHeader, eventHandler, sendNoContent, setResponseHeader, setResponseHeaders, setResponseStatus } from 'h3'
import type { H3Event } from 'h3'
import { corsHeaders, preflightHeaders } from '../engine/cors'
import type { CorsHeaders } from '../engine/cors'
import { SessionError } from '../engine/errors'
import { isSafeMethod, provenanceOf } from '../engine/request-origin'
import type { Provenance } from '../engine/request-origin'
import { sessionLayer } from './instance'
import { isInnerEvent, markOuterEvent } from './outer-event'

/**
 * Stands before routes, route rules and all middleware, for every request of the whole app: answers preflights, adds CORS
 * headers where an allowlist asks for them, refuses unsafe methods from foreign pages before their body is read, and floods of forged cookies.
 */
export const guard = eventHandler((event) => {
  markOuterEvent(event)
  if (isInnerEvent(event)) return
  (event.context as Arrival)[ARRIVED] = sessionLayer().engine.clock()
  if (sessionLayer().origins.allowed.size > 0) {
    if (isPreflight(event)) return answerPreflight(event)
    apply(event, corsHeaders(event.node.req.headers.origin, sessionLayer().origins.allowed))
  }
  if (!isSafeMethod(event.method) && requestProvenance(event) === 'foreign' && !isWebhook(event)) throw crossOriginRefused()
  const waitMs = sessionLayer().forgedCookies.refusal(event.node.req)
  if (waitMs > 0) return refuseFlood(event, waitMs)
})

const ARRIVED = Symbol('when the request arrived')

interface Arrival {
  [ARRIVED]?: number
}

/**
 * When a browser's request arrived, milliseconds since the epoch: before its body did, and before anything was done for it. A sign-in whose password was checked for a
 * while is that old, and not as young as its first use of the session.
 */
export function arrivalOf(outer: H3Event): number {
  return (outer.context as Arrival)[ARRIVED] ?? sessionLayer().engine.clock()
}

/** Where a browser's request comes from. */
export function requestProvenance(event: H3Event): Provenance {
  const { headers } = event.node.req
  return provenanceOf({
    method: event.method,
    origin: headers.origin,
    referer: headers.referer,
    secFetchSite: headers['sec-fetch-site'] as string | undefined,
    secFetchMode: headers['sec-fetch-mode'] as string | undefined,
    secFetchDest: headers['sec-fetch-dest'] as string | undefined,
    hasCookie: headers.cookie !== undefined,
  }, sessionLayer().origins)
}

/** The refusal of a foreign page, reported. */
export function crossOriginRefused(): SessionError {
  sessionLayer().engine.emit({ type: 'refused', reason: 'cross_origin' })
  return new SessionError('cross_origin_refused', 'Only pages of this origin may change anything here. A program that sends a cookie must send its Origin too.')
}

/**
 * Letter for letter as it came, and not `event.path`, which h3 has decoded: of other spellings that the router takes for the same path (`%77`, a slash at the end) none
 * is let through, and of `/webhook` and `/webhook-admin` only the one that is listed.
 */
function isWebhook({ node }: H3Event): boolean {
  return sessionLayer().webhookPaths.has(node.req.url!.split('?', 1)[0]!)
}

function isPreflight({ method, node }: H3Event): boolean {
  return method === 'OPTIONS' && node.req.headers['access-control-request-method'] !== undefined
}

function answerPreflight(event: H3Event) {
  const answer = preflightHeaders(event.node.req.headers.origin, sessionLayer().origins.allowed)
  apply(event, answer)
  if (Object.keys(answer.headers).length === 0) throw crossOriginRefused()
  return sendNoContent(event)
}

/** Not by an error: for one, Nuxt would render a page, and a flood is to cost as little as can be. */
function refuseFlood(event: H3Event, waitMs: number) {
  setResponseStatus(event, 429, 'Too Many Requests')
  setResponseHeader(event, 'retry-after', Math.ceil(waitMs / 1000))
  setResponseHeader(event, 'cache-control', 'no-store')
  return { error: true, statusCode: 429, message: 'Too many session cookies that are not ours came from your network. Try again later, or delete the cookies of this site.', data: { code: 'rate_limited' } }
}

function apply(event: H3Event, { vary, headers }: CorsHeaders) {
  appendResponseHeader(event, 'vary', vary)
  setResponseHeaders(event, headers)
}
