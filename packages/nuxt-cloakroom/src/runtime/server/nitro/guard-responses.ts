import { sendNoContent } from 'h3'
import type { H3Event } from 'h3'
import type { CorsHeaders } from '../http/cors'
import { preflightHeaders } from '../http/cors'
import type { SessionError } from '../sessions/errors'
import { crossOriginRefused } from '../sessions/errors'
import { setHeldHeaders } from './response-headers'
import type { Cloakroom } from './runtime'
import { envNameOf } from './settings'

/** The error for a request of a foreign page. Emits the event. */
export function refuseCrossOrigin({ engine, origins }: Pick<Cloakroom, 'engine' | 'origins'>): SessionError {
  engine.events.emit({ type: 'refused', reason: 'cross_origin' })
  if (origins.own.size > 0) return crossOriginRefused()
  return crossOriginRefused(` ${envNameOf('origin')} is not set on the server: if this is a page of the app, the proxy `
    + 'in front of it changes the Host header.')
}

export function respondToPreflight(event: H3Event, cloakroom: Cloakroom) {
  const preflight = preflightHeaders(event.node.req.headers, cloakroom.origins.allowed)
  setCorsHeaders(event, preflight)
  if (Object.keys(preflight.headers).length === 0) throw refuseCrossOrigin(cloakroom)
  return sendNoContent(event)
}

/** These headers stay as they are: a route rule with `cors: true` would put `*` in their place. */
export function setCorsHeaders(event: H3Event, { vary, headers, exposed }: CorsHeaders) {
  const { res } = event.node
  setHeldHeaders(res, headers, vary)
  if (exposed !== undefined) res.setHeader('access-control-expose-headers', exposed)
}
