import type { ServerResponse } from 'node:http'
import type { H3Event } from 'h3'
import type { ServerSessionData } from '../../shared/types/auth-utils'
import { isSpeculative, readCookie } from '../http/request-headers'
import { whenSent } from '../http/response-sent'
import { serializeClearedCookie, serializeCookie } from '../http/set-cookie'
import type { Authentication, CookieReading } from '../sessions/authenticator'
import { ServerSession, openSession, recordActivity } from '../sessions/session'
import type { CookieWriter, SessionRequest, SessionState } from '../sessions/session-state'
import type { MaybePromise } from '../sessions/store'
import { assertNotCached, isCacheable, requestOriginOf, requestStartOf, rootEventOf } from './guard'
import type { Cloakroom } from './runtime'

export interface UseServerSessionOptions {
  /**
   * Whether this use counts as the user's activity and moves the idle clock. Default `true`; pass `false` for requests
   * that no user caused, for example by a timer.
   */
  activity?: boolean
}

type Session = ServerSession<ServerSessionData>

/** The session of a browser's request, shared by all calls that the server makes to itself in it. */
interface LoadedSession {
  readonly request: RootRequest
  readonly session: Session
  readonly state: SessionState
  /** Set once the request has been counted as activity. */
  activity: MaybePromise<void>
  isCounted: boolean
}

const LOADED = Symbol('cloakroom: session')
const PRIVATE = 'private, no-store'
/**
 * What the browser deletes when a session ends: its cache, and pages kept for the back button (ASVS 14.3.1). Not
 * `storage`, which would delete what other tabs keep there, nor `cookies`, which belong to a whole domain.
 */
const CLEARED_AT_SIGN_OUT = '"cache"'

/**
 * The visitor's session. It is loaded once per request, including the calls that the server makes to itself while
 * rendering. Creates nothing: a visitor without a session gets an empty one, which is stored at the first write.
 *
 * Sets `Cache-Control: private, no-store` and `Vary: Cookie` on the response.
 *
 * @throws SessionError `store_unavailable` (503) if the store does not respond; this is never reported as "no session"
 * @throws Error inside a cached handler or route, where the request has lost its cookies
 */
export async function useServerSession(
  event: H3Event,
  { activity = true }: UseServerSessionOptions = {},
): Promise<Session> {
  const root = rootEventOf(event)
  for (const target of root === event ? [event] : [root, event]) {
    assertNotCached(target, event)
    markPrivate(target.node.res)
  }
  const context = root.context as Record<symbol, MaybePromise<LoadedSession> | undefined>
  const loading = context[LOADED] ??= load(root)
  const loaded = loading instanceof Promise ? await loading : loading
  if (activity) await countActivity(loaded)
  return loaded.session
}

/** The session that a request has used so far, or `undefined`. Loads none. */
export async function sessionUsedBy(event: H3Event): Promise<Session | undefined> {
  const context = rootEventOf(event).context as Record<symbol, MaybePromise<LoadedSession> | undefined>
  return (await context[LOADED])?.session
}

/** Whether a session may be used for this request: not for a response that goes into a cache. */
export function maySessionBeUsed(event: H3Event): boolean {
  return !isCacheable(rootEventOf(event)) && !isCacheable(event)
}

/** The session cookie that came with the browser's request. */
export function sessionCookieOf(event: H3Event): CookieReading {
  const { cloakroom, rootEvent } = requestStartOf(event)
  return readCookie(rootEvent.node.req.headers.cookie, cloakroom.config.cookieName)
}

function load(root: H3Event): MaybePromise<LoadedSession> {
  const { cloakroom } = requestStartOf(root)
  const authentication = cloakroom.engine.authenticator.authenticate(sessionCookieOf(root))
  if (authentication instanceof Promise) return authentication.then(result => open(root, result))
  return open(root, authentication)
}

function open(root: H3Event, authentication: Authentication): LoadedSession {
  const { cloakroom, receivedAt } = requestStartOf(root)
  if (authentication.outcome === 'forged') cloakroom.forgedCookies.count(root.node.req)
  const request = new RootRequest(root, cloakroom, receivedAt)
  const state = openSession(cloakroom.engine, request, request, authentication)
  return { request, state, session: new ServerSession<ServerSessionData>(state), activity: undefined, isCounted: false }
}

function countActivity(loaded: LoadedSession): MaybePromise<void> {
  if (!loaded.isCounted) {
    loaded.isCounted = true
    const { isSpeculative, isForeign } = loaded.request
    loaded.activity = isSpeculative || isForeign ? undefined : recordActivity(loaded.state)
  }
  return loaded.activity
}

/** The browser's request and response, as far as its session is concerned. */
class RootRequest implements SessionRequest, CookieWriter {
  readonly startedAt: number
  readonly isSpeculative: boolean
  readonly #event: H3Event
  readonly #cloakroom: Cloakroom
  #responseSent: Promise<void> | undefined

  constructor(event: H3Event, cloakroom: Cloakroom, startedAt: number) {
    this.#event = event
    this.#cloakroom = cloakroom
    this.startedAt = startedAt
    this.isSpeculative = isSpeculative(event.method, event.node.req.headers)
  }

  get label(): string {
    return this.#event.node.req.headers['user-agent'] ?? ''
  }

  get isForeign(): boolean {
    return requestOriginOf(this.#event) === 'foreign'
  }

  get responseSent(): Promise<void> {
    return this.#responseSent ??= whenSent(this.#event.node.res)
  }

  set(value: string, maxAge?: number): void {
    this.#setCookie(serializeCookie(this.#cookieOptions, value, maxAge))
  }

  clear(): void {
    this.#setCookie(serializeClearedCookie(this.#cookieOptions))
    this.#event.node.res.setHeader('clear-site-data', CLEARED_AT_SIGN_OUT)
  }

  get #cookieOptions() {
    const { cookieName: name, crossSite } = this.#cloakroom.config
    return { name, crossSite }
  }

  /** Sets one cookie of this name, whatever was set before in this request. */
  #setCookie(line: string) {
    const { res } = this.#event.node
    if (res.headersSent) {
      throw new Error('[cloakroom] The response has already begun, so its session cookie cannot be set. Write to the '
        + 'session before sending.')
    }
    const prefix = `${this.#cloakroom.config.cookieName}=`
    const others = [res.getHeader('set-cookie') ?? []].flat().map(String).filter(other => !other.startsWith(prefix))
    res.setHeader('set-cookie', [...others, line])
  }
}

/** No cache may store what was created for one visitor (RFC 9111 section 5.2.2.7; ASVS 14.3.2). */
function markPrivate(response: ServerResponse) {
  if (response.headersSent || response.getHeader('cache-control') === PRIVATE) return
  const vary = response.getHeader('vary')
  response.setHeader('cache-control', PRIVATE)
  response.setHeader('vary', vary ? `${String(vary)}, Cookie` : 'Cookie')
}
