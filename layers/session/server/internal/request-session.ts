import type { H3Event } from 'h3'
import { getRouteRules } from 'nitropack/runtime'
import type { SessionData } from '../../shared/types/session-data'
import { ServerSession } from '../engine/session'
import type { MaybePromise } from '../engine/store'
import { BrowserRequest } from './browser-request'
import { sessionLayer } from './instance'
import { isWithinCache, outerEvent } from './outer-event'

const STATE = Symbol('session')

type Session = ServerSession<SessionData>

/** What one request of a browser, with all calls it leads to, knows of its session. */
interface RequestState {
  readonly request: BrowserRequest
  session: MaybePromise<Session>
  /** Set once the request has been counted as activity. */
  activity?: MaybePromise<void>
  counted: boolean
}

/** Loads the session once for a request and everything within it. `activity`: this use slides the idle clock. Answers at once where the store does. */
export function requestSession(event: H3Event, activity: boolean): MaybePromise<Session> {
  const outer = outerEvent(event)
  keepOutOfCache(outer, event)
  if (outer !== event) keepOutOfCache(event, event)
  markPrivate(event)
  if (outer !== event) markPrivate(outer)
  const context = outer.context as Record<symbol, RequestState | undefined>
  const state = context[STATE] ??= load(outer)
  if (!activity) return state.session
  return state.session instanceof Promise ? state.session.then(session => counted(state, session)) : counted(state, state.session)
}

function counted(state: RequestState, session: Session): MaybePromise<Session> {
  if (!state.counted) {
    state.counted = true
    state.activity = state.request.countsAsActivity ? session.recordActivity() : undefined
  }
  return state.activity ? state.activity.then(() => session) : session
}

/** The session that a request has used, if it has used one; loads none. */
export function sessionUsed(event: H3Event): MaybePromise<Session> | undefined {
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

function load(outer: H3Event): RequestState {
  const { engine } = sessionLayer()
  const request = new BrowserRequest(outer)
  const admitted = engine.load(outer.node.req.headers.cookie, request)
  const session = admitted instanceof Promise ? admitted.then(found => new ServerSession<SessionData>(engine, request, found)) : new ServerSession<SessionData>(engine, request, admitted)
  return { request, session, counted: false }
}

/** No cache may keep what was made for one visitor (RFC 9111 §5.2.2.7; ASVS 14.3.2). */
function markPrivate({ node: { res } }: H3Event) {
  if (res.headersSent || res.getHeader('cache-control') === PRIVATE) return
  const vary = res.getHeader('vary')
  res.setHeader('cache-control', PRIVATE)
  res.setHeader('vary', vary ? `${String(vary)}, Cookie` : 'Cookie')
}

const PRIVATE = 'private, no-store'

/**
 * Inside Nitro's cache a request has lost its cookies, so every visitor would look like a stranger, and what is made for
 * one would be shown to all. What a page calls while it is rendered gets into the cached page like the page's own words.
 * An `isr` rule counts even where this server caches nothing for it: a CDN will.
 */
function keepOutOfCache(on: H3Event, event: H3Event) {
  if (isCached(on)) throw insideCache(on, event)
  if (isWithinCache(on)) throw insideCache(on, event, 'called from a cached handler')
  if (Object.hasOwn(on.context, 'cache')) return
  const context = on.context as { [USED_BY]?: UsedBy }
  context[USED_BY] = { on, event }
  // A cached handler that comes later shares this context, and with it what a middleware has put there for one visitor.
  Object.defineProperty(context, 'cache', REFUSED)
}

interface UsedBy {
  readonly on: H3Event
  readonly event: H3Event
}

const USED_BY = Symbol('the event that uses a session')

/**
 * One setter for all: V8 keeps the setters of a property with the object's shape. One made for each request would give each a shape of its own, which holds on
 * to the request until the next full garbage collection; and that costs more than all else that a session does.
 */
const REFUSED: PropertyDescriptor = {
  set(this: { [USED_BY]: UsedBy }) {
    throw insideCache(this[USED_BY].on, this[USED_BY].event)
  },
}

function isCached(on: H3Event): boolean {
  const { cache, isr } = getRouteRules(on)
  return Boolean(on.context.cache || cache || isr)
}

function insideCache(on: H3Event, event: H3Event, how = 'cached') {
  const user = on === event ? '' : `${event.path}, which it calls, `
  return new Error(`[session] ${on.path} is ${how}, and ${user}uses a session. A cached answer (defineCachedEventHandler, or a swr, isr or cache route rule) is the same for every visitor. Take the session out of it, or the cache off it.`)
}
