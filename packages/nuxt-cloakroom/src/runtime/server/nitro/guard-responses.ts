import { sendNoContent } from 'h3'
import type { App, H3Event } from 'h3'
import type { CorsHeaders } from '../http/cors'
import { preflightHeaders } from '../http/cors'
import { isPath } from '../http/request-target'
import type { SessionError } from '../sessions/errors'
import { crossOriginRefused } from '../sessions/errors'
import { httpError } from './platform'
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

/**
 * h3 and Nitro build URLs of the host and the path, also when they respond to an error, and fail if that is not
 * possible. So both are replaced, and Nitro prepares the event as always, before the error is thrown.
 *
 * @throws H3Error 400 for a Host header that is not one, or a whole URL as the path (RFC 9112 section 3.2)
 */
export async function refuseTarget(event: H3Event, prepare: App['options']['onRequest']): Promise<never> {
  const { req } = event.node
  Reflect.deleteProperty(req.headers, 'host')
  if (!isPath(req.url!)) Object.assign(req, { url: '/', originalUrl: '/' })
  await prepare?.(event)
  throw httpError({ status: 400, message: 'The Host header or the path is not valid.' })
}
