import { consola } from 'consola'
import type { H3Event } from 'h3'
import type { ServerSessionData } from '../../shared/types/auth-utils'
import { isSpeculative } from '../http/request-headers'
import { whenSent } from '../http/response-sent'
import type { CookieOptions } from '../http/set-cookie'
import { serializeClearedCookie, serializeCookie } from '../http/set-cookie'
import type { Authentication, CookieReading } from '../sessions/authentication'
import { ServerSession, openSession, recordActivity } from '../sessions/session'
import type { CookieWriter, SessionRequest, SessionState } from '../sessions/session-state'
import { withdrawOutdatedCookie } from '../sessions/session-state'
import type { MaybePromise } from '../sessions/store'
import type { RequestStart } from './guard'
import { requestOriginOf, requestStartOf, rootEventOf } from './guard'
import { markPrivate, setSessionCookie } from './response-headers'
import { assertNotCached, assertSessionOn, isCached, sessionRuleOf } from './route-rules'

export interface UseServerSessionOptions {
  /**
   * Whether this use counts as the user's activity and moves the idle clock. Default `true`; pass `false` for requests
   * that no user caused, for example by a timer.
   */
  activity?: boolean
}

type Session = ServerSession<ServerSessionData>

const NO_COOKIE: Authentication = { outcome: 'absent', session: null }
const LOADED = Symbol('cloakroom: session')
/** For browsers that keep pages for the back button, or that have stored what they should not (ASVS 14.3.1). */
const CLEARED_AT_SIGN_OUT = '"cache"'

/**
 * The visitor's session. It is loaded once per request, including the calls that the server makes to itself while
 * rendering. Creates nothing: a visitor without a session gets an empty one, which is stored at the first write.
 *
 * Sets `Cache-Control: private, no-store` and `Vary: Cookie` on the response.
 *
 * @throws SessionError `store_unavailable` (503) if the store does not respond; this is never reported as "no session"
 * @throws Error inside a cached handler or route, where the request has lost its cookies, and where a route rule
 * switches sessions off
 */
export async function useServerSession(
  event: H3Event,
  { activity = true }: UseServerSessionOptions = {},
): Promise<Session> {
  const root = rootEventOf(event)
  for (const target of root === event ? [event] : [root, event]) {
    const { isWithinCache } = requestStartOf(target)
    assertSessionOn(target)
    assertNotCached(target, event, isWithinCache)
    markPrivate(target.node.res)
  }
  if (import.meta.dev && requestStartOf(root).isInternal) warnAboutInternalCall(root)
  const context = root.context as Record<symbol, MaybePromise<LoadedSession> | undefined>
  const loading = context[LOADED] ??= load(root)
  const loaded = context[LOADED] = loading instanceof Promise ? await loading : loading
  if (activity) await loaded.countActivity()
  return loaded.session
}

/** In a page, `$fetch` passes the request on; see the plugin `pass-request`. */
function warnAboutInternalCall({ method, path }: H3Event) {
  consola.warn(`[cloakroom] The server called ${method} ${path.split('?', 1)[0]} without the visitor's request, so `
    + 'there is no session. Call it with event.$fetch, or useRequestFetch() in a page.')
}

/** The session that a request has used so far, or `undefined`. Loads none. */
export async function sessionUsedBy(event: H3Event): Promise<Session | undefined> {
  const context = rootEventOf(event).context as Record<symbol, MaybePromise<LoadedSession> | undefined>
  return (await context[LOADED])?.session
}

/** Whether a session may be used for this request: not for a response that goes into a cache, or by a route rule. */
export function maySessionBeUsed(event: H3Event): boolean {
  return [rootEventOf(event), event].every(target =>
    sessionRuleOf(target) !== false && !isCached(target) && !requestStartOf(target).isWithinCache)
}

/** Call it before a response is sent: another request may have replaced the cookie that it sets. */
export function checkCookieOf(event: H3Event): MaybePromise<void> {
  const { [LOADED]: loading } = event.context as Record<symbol, MaybePromise<LoadedSession> | undefined>
  // One that is still being loaded has set no cookie.
  return loading instanceof Promise ? undefined : loading?.checkCookie()
}

/** The session cookie that came with the browser's request. */
export function sessionCookieOf(event: H3Event): CookieReading {
  return requestStartOf(rootEventOf(event)).cookie
}

/** Finds the session of the browser's cookie, and counts forged ones. Over the limit they are ignored. */
export function authenticate(root: H3Event): MaybePromise<Authentication> {
  const { cloakroom: { engine, forgedCookies }, cookie, receivedAt } = requestStartOf(root)
  const { req } = root.node
  if (engine.clock() < forgedCookies.floodEndsAt && forgedCookies.isIgnored(req, cookie)) return NO_COOKIE
  const authentication = engine.authenticator.authenticate(cookie, Math.max(0, engine.clock() - receivedAt))
  if (!(authentication instanceof Promise) && authentication.outcome === 'forged') forgedCookies.count(req, cookie)
  return authentication
}

function load(root: H3Event): MaybePromise<LoadedSession> {
  const authentication = authenticate(root)
  if (authentication instanceof Promise) return authentication.then(result => open(root, result))
  return open(root, authentication)
}

function open(root: H3Event, authentication: Authentication): LoadedSession {
  return new LoadedSession(new RootRequest(root, requestStartOf(root)), authentication)
}

/**
 * The session of a browser's request, shared by all calls that the server makes to itself in it. Its state is private,
 * because it holds the secret: no logger that prints `event.context` shows it.
 */
class LoadedSession {
  readonly session: Session
  readonly #request: RootRequest
  readonly #state: SessionState
  #activity: MaybePromise<void> = undefined
  #isCounted = false

  constructor(request: RootRequest, authentication: Authentication) {
    this.#request = request
    this.#state = openSession(request.cloakroom.engine, request, request, authentication)
    this.session = new ServerSession<ServerSessionData>(this.#state)
  }

  /** Counts the request as activity, once. */
  countActivity(): MaybePromise<void> {
    if (!this.#isCounted) {
      this.#isCounted = true
      const { isSpeculative, isForeign } = this.#request
      this.#activity = isSpeculative || isForeign ? undefined : recordActivity(this.#state)
    }
    return this.#activity
  }

  /** Sets no cookie after all if another request has replaced its secret. */
  checkCookie(): MaybePromise<void> {
    return this.#state.sent === null ? undefined : withdrawOutdatedCookie(this.#state)
  }
}

/** The browser's request and response, as far as its session is concerned. */
class RootRequest implements SessionRequest, CookieWriter {
  readonly isSpeculative: boolean
  readonly #event: H3Event
  readonly #start: RequestStart
  #responseSent: Promise<void> | undefined

  constructor(event: H3Event, start: RequestStart) {
    this.#event = event
    this.#start = start
    this.isSpeculative = isSpeculative(event.method, event.node.req.headers)
  }

  get cloakroom(): RequestStart['cloakroom'] {
    return this.#start.cloakroom
  }

  get signInStart(): SessionRequest['signInStart'] {
    return this.#start.signInStart
  }

  get label(): string {
    return this.#event.node.req.headers['user-agent'] ?? ''
  }

  get isForeign(): boolean {
    return requestOriginOf(this.#event) === 'foreign'
  }

  get isInternal(): boolean {
    return this.#start.isInternal
  }

  get responseSent(): Promise<void> {
    return this.#responseSent ??= whenSent(this.#event.node.res)
  }

  set(value: string, maxAge: number | undefined, isOutdated: () => boolean): void {
    this.#setCookie(options => serializeCookie(options, value, maxAge), isOutdated)
  }

  clear(): void {
    this.#setCookie(serializeClearedCookie)
    if (this.cloakroom.config.clearSiteData) this.#event.node.res.setHeader('clear-site-data', CLEARED_AT_SIGN_OUT)
  }

  withdraw(): void {
    if (!this.#event.node.res.headersSent) setSessionCookie(this.#event.node.res, [])
  }

  /**
   * Sets one cookie of this name, whatever was set before in this request. A browser that sends two has one for all
   * sites and one for this site alone (`Partitioned`), from before a change of `crossSite`: the other one is removed.
   */
  #setCookie(serialize: (options: CookieOptions) => string, isOutdated = () => false) {
    const { cookieName: name, crossSite } = this.cloakroom.config
    const line = serialize({ name, crossSite })
    const isDuplicate = this.#start.cookie.kind === 'duplicate'
    const lines = isDuplicate ? [serializeClearedCookie({ name, crossSite: !crossSite }), line] : [line]
    setSessionCookie(this.#event.node.res, lines, isOutdated)
  }
}
