import type { ServerResponse } from 'node:http'
import { appendResponseHeader, setResponseHeader } from 'h3'
import type { H3Event } from 'h3'
import { getRouteRules } from 'nitropack/runtime'
import type { SessionData } from '../../shared/types/session-data'
import { serializeClearedCookie, serializeCookie } from '../engine/cookie'
import { ServerSession } from '../engine/session'
import type { SessionRequest } from '../engine/session-writer'
import { crossOriginRefused, requestProvenance } from './guard'
import { sessionLayer } from './instance'
import { isWithinCache, outerEvent } from './outer-event'

const STATE = Symbol('session')

/** What one request of a browser, with all calls it leads to, knows of its session. */
interface RequestState {
  readonly session: Promise<ServerSession<SessionData>>
  activity?: Promise<void>
}

/** Loads the session once for a request and everything within it. `activity`: this use slides the idle clock. */
export async function requestSession(event: H3Event, activity: boolean): Promise<ServerSession<SessionData>> {
  const outer = outerEvent(event)
  keepOutOfCache(outer, event)
  if (outer !== event) keepOutOfCache(event, event)
  markPrivate(event)
  if (outer !== event) markPrivate(outer)
  const context = outer.context as Record<symbol, RequestState | undefined>
  const state = context[STATE] ??= { session: load(outer) }
  const session = await state.session
  if (activity && countsAsActivity(outer)) await (state.activity ??= session.recordActivity())
  return session
}

/** The session that a request has used, if it has used one; loads none. */
export function sessionUsed(event: H3Event): Promise<ServerSession<SessionData>> | undefined {
  return (outerEvent(event).context as Record<symbol, RequestState | undefined>)[STATE]?.session
}

/** Whether a session can be used for this request at all: not for what goes into a cache. */
export function mayUseSession(event: H3Event): boolean {
  return [outerEvent(event), event].every(on => !isCached(on) && !isWithinCache(on))
}

/** The raw value of the session cookie header that came with the browser's request. */
export function cookieHeader(event: H3Event): string | undefined {
  return outerEvent(event).node.req.headers.cookie
}

async function load(outer: H3Event): Promise<ServerSession<SessionData>> {
  const { engine, forgedCookies } = sessionLayer()
  const admitted = await engine.load(cookieHeader(outer))
  if (!admitted) forgedCookies.note(outer.node.req)
  return new ServerSession<SessionData>(engine, sessionRequest(outer), admitted)
}

function sessionRequest(outer: H3Event): SessionRequest {
  const { config, clock } = sessionLayer().engine
  const cookie = { name: config.cookieName, crossSite: config.crossSite }
  return {
    label: outer.node.req.headers['user-agent'] ?? '',
    startedAt: clock(),
    speculative: isSpeculative(outer),
    assertMayWrite() {
      if (requestProvenance(outer) === 'foreign') throw crossOriginRefused()
    },
    setCookie: (value, maxAge) => putCookie(outer.node.res, cookie.name, serializeCookie(cookie, value, maxAge)),
    clearCookie() {
      putCookie(outer.node.res, cookie.name, serializeClearedCookie(cookie))
      outer.node.res.setHeader('clear-site-data', CLEARED_AT_SIGN_OUT)
    },
  }
}

/** Sets one cookie of this name, whatever was set before in this request. */
function putCookie(response: ServerResponse, name: string, header: string) {
  if (response.headersSent) {
    throw new Error('[session] The response had already begun, so the browser could not be given its session cookie. Write to the session before sending.')
  }
  const others = [response.getHeader('set-cookie') ?? []].flat().filter(line => !String(line).startsWith(`${name}=`))
  response.setHeader('set-cookie', [...others.map(String), header])
}

/** No cache may keep what was made for one visitor (RFC 9111 §5.2.2.7; ASVS 14.3.2). */
function markPrivate(event: H3Event) {
  if (event.node.res.headersSent || event.node.res.getHeader('cache-control') === PRIVATE) return
  setResponseHeader(event, 'cache-control', PRIVATE)
  appendResponseHeader(event, 'vary', 'Cookie')
}

const PRIVATE = 'private, no-store'

/**
 * What the browser forgets when a session ends on it: its cache, and pages kept for the Back button (ASVS 14.3.1). Not `storage`, which would take
 * what other tabs keep there, nor `cookies`, which are a whole domain's.
 */
const CLEARED_AT_SIGN_OUT = '"cache"'

/** A prefetch, HEAD and OPTIONS are no sign of a person. */
function isSpeculative(outer: H3Event): boolean {
  if (outer.method === 'HEAD' || outer.method === 'OPTIONS') return true
  const { headers } = outer.node.req // h3's getRequestHeader would copy all of them for each that is asked for.
  const purpose = headers['sec-purpose'] ?? headers.purpose ?? ''
  return purpose.includes('prefetch')
}

/** What a foreign page does is nothing that the visitor did. */
function countsAsActivity(outer: H3Event): boolean {
  return !isSpeculative(outer) && requestProvenance(outer) !== 'foreign'
}

/**
 * Inside Nitro's cache a request has lost its cookies, so every visitor would look like a stranger, and what is made for
 * one would be shown to all. What a page calls while it is rendered gets into the cached page like the page's own words.
 * An `isr` rule counts even where this server caches nothing for it: a CDN will.
 */
function keepOutOfCache(on: H3Event, event: H3Event) {
  if (isCached(on)) throw insideCache(on, event)
  if (isWithinCache(on)) throw insideCache(on, event, 'called from a cached handler')
  if (Object.hasOwn(on.context, 'cache')) return
  // A cached handler that comes later shares this context, and with it what a middleware has put there for one visitor.
  Object.defineProperty(on.context, 'cache', {
    set() {
      throw insideCache(on, event)
    },
  })
}

function isCached(on: H3Event): boolean {
  const { cache, isr } = getRouteRules(on)
  return Boolean(on.context.cache || cache || isr)
}

function insideCache(on: H3Event, event: H3Event, how = 'cached') {
  const user = on === event ? '' : `${event.path}, which it calls, `
  return new Error(`[session] ${on.path} is ${how}, and ${user}uses a session. A cached answer (defineCachedEventHandler, or a swr, isr or cache route rule) is the same for every visitor. Take the session out of it, or the cache off it.`)
}
