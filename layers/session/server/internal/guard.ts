import { appendResponseHeader, eventHandler, sendNoContent, setResponseHeaders } from 'h3'
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
 * headers where an allowlist asks for them, and refuses unsafe methods from foreign pages before their body is read.
 */
export const guard = eventHandler((event) => {
  markOuterEvent(event)
  if (isInnerEvent(event)) return
  if (sessionLayer().origins.allowed.size > 0) {
    if (isPreflight(event)) return answerPreflight(event)
    apply(event, corsHeaders(event.node.req.headers.origin, sessionLayer().origins.allowed))
  }
  if (!isSafeMethod(event.method) && requestProvenance(event) === 'foreign') throw crossOriginRefused()
})

/** Where a browser's request comes from. */
export function requestProvenance(event: H3Event): Provenance {
  const { headers } = event.node.req
  return provenanceOf({
    method: event.method,
    origin: headers.origin,
    referer: headers.referer,
    secFetchSite: headers['sec-fetch-site'] as string | undefined,
    secFetchMode: headers['sec-fetch-mode'] as string | undefined,
    hasCookie: headers.cookie !== undefined,
  }, sessionLayer().origins)
}

export function crossOriginRefused(): SessionError {
  return new SessionError('cross_origin_refused', 'Only pages of this origin may change anything here. A program that sends a cookie must send its Origin too.')
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

function apply(event: H3Event, { vary, headers }: CorsHeaders) {
  appendResponseHeader(event, 'vary', vary)
  setResponseHeaders(event, headers)
}
