import { AsyncLocalStorage } from 'node:async_hooks'
import { eventHandler } from 'h3'
import type { App, H3Event } from 'h3'
import type { NitroApp } from 'nitropack'
import { corsHeaders } from '../http/cors'
import type { RequestOrigin } from '../http/request-headers'
import {
  classifyOrigin, isCrossSiteForm, isSafeMethod, originHeadersOf, originsFor, takeCookie,
} from '../http/request-headers'
import { dropUntrustedForwarding, isPath, isValidHost } from '../http/request-target'
import type { CookieReading } from '../sessions/authentication'
import { SignInStart } from '../sessions/sign-in-start'
import { refuseCrossOrigin, refuseTarget, respondToPreflight, setCorsHeaders } from './guard-responses'
import { keepHeaders } from './response-headers'
import { passRequestToProxy, sessionRuleOf } from './route-rules'
import type { Cloakroom } from './runtime'

const START = Symbol('cloakroom: request start')
const ABSENT: CookieReading = { kind: 'absent' }

/** The context of a call that the server makes to itself without passing a browser's request on. */
export const INTERNAL_CALL: object = Object.freeze({})

const handled = new AsyncLocalStorage<H3Event>()

interface MarkedContext {
  [START]?: RequestStart
  /** Nitro's own mark: this response comes from its cache. */
  cache?: object
}

/** The root request, as the calls that the server makes to itself in it inherit it. */
interface Root {
  readonly event: H3Event
  readonly receivedAt: number
  /** Created when it is first needed: few requests sign in. */
  signInStart?: SignInStart
  /** The server called itself without passing a browser's request on, for example by the global `$fetch`. */
  readonly isInternal: boolean
}

/**
 * What the module remembers of a request, for the request itself and for all calls that the server makes to itself in
 * it. Everything is private, because it holds the session cookie: no logger that prints `event.context` shows it.
 */
export class RequestStart {
  readonly #cloakroom: Cloakroom
  readonly #root: Root
  readonly #isWithinCache: boolean
  #cookie: CookieReading
  #beginsSession = false

  constructor(cloakroom: Cloakroom, root: Root, isWithinCache: boolean, cookie: CookieReading) {
    this.#cloakroom = cloakroom
    this.#root = root
    this.#isWithinCache = isWithinCache
    this.#cookie = cookie
  }

  /** For the calls that the server makes to itself in this request. */
  get root(): Root {
    return this.#root
  }

  get cloakroom(): Cloakroom {
    return this.#cloakroom
  }

  /** The browser's request. */
  get rootEvent(): H3Event {
    return this.#root.event
  }

  /** When it arrived, milliseconds since the epoch: before its body, and before any work was done for it. */
  get receivedAt(): number {
    return this.#root.receivedAt
  }

  get signInStart(): SignInStart {
    this.#root.signInStart ??= new SignInStart(this.#root.receivedAt)
    return this.#root.signInStart
  }

  /** Whether there is no browser: the server called itself without passing a request on. */
  get isInternal(): boolean {
    return this.#root.isInternal
  }

  /** Whether the server made this call to itself in a response that goes into a cache. */
  get isWithinCache(): boolean {
    return this.#isWithinCache
  }

  /** The session cookie that came with this request. A call that the server makes to itself has none. */
  get cookie(): CookieReading {
    return this.#cookie
  }

  /** Whether this request of another site may begin a session, see {@link beginSession}. */
  get beginsSession(): boolean {
    return this.#beginsSession
  }

  /** The request may begin a session from here on. It has none: it neither sees nor changes the browser's session. */
  beginSession(): void {
    this.#beginsSession = true
    this.#cookie = ABSENT
  }
}

/**
 * Creates the first handler of every request of the app, before routes, route rules and middleware. It responds to
 * preflights, adds CORS headers if there is an allowlist, and refuses unsafe methods of foreign pages before their body
 * is read.
 */
export function createGuard(cloakroom: Cloakroom, localFetch: NitroApp['localFetch']) {
  return eventHandler((event) => {
    passRequestToProxy(event, localFetch)
    if (requestStartOf(event).rootEvent !== event) return
    const rule = sessionRuleOf(event)
    if (rule === false) return
    const { allowed } = cloakroom.origins
    if (allowed.size > 0) {
      if (isPreflight(event)) return respondToPreflight(event, cloakroom)
      setCorsHeaders(event, corsHeaders(event.node.req.headers.origin, allowed))
    }
    if (isSafeMethod(event.method) || requestOriginOf(event) !== 'foreign' || isWebhook(event, cloakroom)) return
    if (rule?.crossOrigin !== 'sign-in' || !isCrossSiteForm(event.method, event.node.req.headers)) {
      throw refuseCrossOrigin(cloakroom)
    }
    requestStartOf(event).beginSession()
  })
}

/**
 * Makes the app remember each request as it arrives, before all hooks and handlers. The session cookie is taken out of
 * the request's headers there, so no handler, proxy, logger or error reporter gets it.
 */
export function markRequests(app: App, cloakroom: Cloakroom): void {
  const { handler, options: { onRequest } } = app
  app.handler = event => handled.run(event, handler, event)
  app.options.onRequest = (event) => {
    const { isRoot } = markRequest(event, cloakroom)
    return isRoot && !isValidTarget(event) ? refuseTarget(event, onRequest) : onRequest?.(event)
  }
}

/** The event that is being handled right here, by the asynchronous context. */
export function currentEvent(): H3Event | undefined {
  return handled.getStore()
}

/** The request that is being handled right here, if there is one, has ended all sessions of a user. */
export function noteRevocation(userId: string, at: number): void {
  const { [START]: start } = (currentEvent()?.context ?? {}) as MarkedContext
  start?.signInStart.noteRevocation(userId, at)
}

/** The start of the browser's request that led to `event`. @throws Error if the module does not run */
export function requestStartOf(event: H3Event): RequestStart {
  const start = (event.context as MarkedContext)[START]
  if (start) return start
  throw new Error('[cloakroom] No session can be used while pages are prerendered or before the server has started.')
}

/** The browser's own request that led to `event`; most often `event` itself. */
export function rootEventOf(event: H3Event): H3Event {
  return (event.context as MarkedContext)[START]?.rootEvent ?? event
}

/** Whether the server made this call to itself while rendering. What it may do was decided for the root request. */
export function isSubrequest(event: H3Event): boolean {
  return rootEventOf(event) !== event
}

/**
 * Nuxt's calls while rendering (`event.$fetch`, `useFetch`) are events with a context of their own. The caller's
 * context is reachable only as `req.__unenv__`: undocumented, so it is read here and nowhere else, and a test of the
 * built server checks it.
 */
function markRequest(event: H3Event, cloakroom: Cloakroom): { isRoot: boolean } {
  const { req } = event.node
  const caller = (req as { __unenv__?: MarkedContext }).__unenv__
  const callerStart = caller?.[START]
  const isInternal = caller === INTERNAL_CALL
  const root = callerStart?.root ?? { event, receivedAt: cloakroom.engine.clock(), isInternal }
  const isWithinCache = Boolean(caller?.cache) || callerStart?.isWithinCache === true
  const cookie = takeCookie(req, cloakroom.config.cookieName)
  if (!callerStart) keepHeaders(event.node.res, cloakroom.config.cookieName)
  const isRoot = !callerStart && !isInternal
  if (isRoot && !import.meta.dev) dropUntrustedForwarding(req, cloakroom) // Nitro's own proxy sets them.
  const context = event.context as MarkedContext
  context[START] = new RequestStart(cloakroom, root, isWithinCache, cookie)
  return { isRoot }
}

function isValidTarget({ node: { req } }: H3Event): boolean {
  return isPath(req.url!) && isValidHost(req.headers.host)
}

/** Where a browser's request comes from. */
export function requestOriginOf(event: H3Event): RequestOrigin {
  const { cloakroom, cookie, beginsSession } = requestStartOf(event)
  if (beginsSession) return 'own'
  const { method, node: { req } } = event
  const headers = originHeadersOf(method, req.headers, cookie.kind !== 'absent')
  return classifyOrigin(headers, originsFor(req, cloakroom.origins, cloakroom))
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
