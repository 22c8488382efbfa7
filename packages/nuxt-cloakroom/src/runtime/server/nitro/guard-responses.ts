import { appendResponseHeader, sendNoContent, setResponseHeaders, setResponseStatus } from 'h3'
import type { H3Event } from 'h3'
import type { CorsHeaders } from '../http/cors'
import { preflightHeaders } from '../http/cors'
import type { SessionError } from '../sessions/errors'
import { crossOriginRefused } from '../sessions/errors'
import type { Cloakroom } from './runtime'

/** The error for a request of a foreign page. Emits the event. */
export function refuseCrossOrigin({ engine }: Pick<Cloakroom, 'engine'>): SessionError {
  engine.events.emit({ type: 'refused', reason: 'cross_origin' })
  return crossOriginRefused()
}

export function respondToPreflight(event: H3Event, cloakroom: Cloakroom) {
  const preflight = preflightHeaders(event.node.req.headers.origin, cloakroom.origins.allowed)
  setCorsHeaders(event, preflight)
  if (Object.keys(preflight.headers).length === 0) throw refuseCrossOrigin(cloakroom)
  return sendNoContent(event)
}

/** Not by an error: Nuxt would render a page for it, and a flood must cost as little as possible. */
export function respondToFlood(event: H3Event, waitMs: number) {
  setResponseStatus(event, 429, 'Too Many Requests')
  setResponseHeaders(event, { 'retry-after': Math.ceil(waitMs / 1000), 'cache-control': 'no-store' })
  const message = 'Too many forged session cookies came from your network. Try again later, or delete the cookies of '
    + 'this site.'
  return { error: true, statusCode: 429, message, data: { code: 'rate_limited' } }
}

export function setCorsHeaders(event: H3Event, { vary, headers }: CorsHeaders) {
  appendResponseHeader(event, 'vary', vary)
  setResponseHeaders(event, headers)
}
