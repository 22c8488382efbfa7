import type { IncomingMessage } from 'node:http'
import type { Hooks } from 'crossws'
import type { App } from 'h3'
import { classifyOrigin, originHeadersOf, originsFor, takeCookie } from '../http/request-headers'
import { dropUntrustedForwarding, isValidHost } from '../http/request-target'
import { limitFragments } from '../live/socket-fragments'
import { SocketHeartbeat } from '../live/socket-heartbeat'
import type { PingableSocket } from '../live/socket-heartbeat'
import type { CookieReading } from '../sessions/authentication'
import { SessionError } from '../sessions/errors'
import { takePlace } from './connection-places'
import { refuseCrossOrigin } from './guard-responses'
import { httpError } from './platform'
import type { Cloakroom } from './runtime'
import { sessionRuleForPath } from './route-rules'

export type UpgradeRequest = Parameters<Hooks['upgrade']>[0]

type NodeRequest = Pick<IncomingMessage, 'url' | 'headers' | 'rawHeaders' | 'socket'>

/** The session cookies of upgrades under way. They are no longer in the requests' headers. */
const cookies = new WeakMap<UpgradeRequest, CookieReading>()
const TAKES_PLACE = Symbol('cloakroom: takes a place for its sockets')

/** Marks hooks that call {@link takeSocketPlace} themselves. */
export function takingPlace<Hooks extends object>(hooks: Hooks): Hooks {
  return Object.assign(hooks, { [TAKES_PLACE]: true })
}

function takesPlace(hooks: object): boolean {
  return TAKES_PLACE in hooks
}

/** When a client may try again after the store did not respond. */
export const RETRY_AFTER_SECONDS = '2'
const TOO_MANY_REQUESTS = 429

interface HttpError extends Error {
  readonly statusCode: number
  readonly statusMessage?: string
  readonly data?: unknown
}

/** crossws passes these on to the package `ws`; h3's types do not know them. */
type WebSocketOptions = App['options']['websocket'] & { serverOptions?: object }

/**
 * Takes the session cookie out of each upgrade's headers, and refuses each WebSocket of the whole app, on any route,
 * that a page of another origin opens with it (cross-site WebSocket hijacking), that no route of the app handles, or
 * that is one too many. h3 runs no middleware for an upgrade, so the guard of requests does not see it. Call it before
 * the server takes the app's WebSocket options.
 */
export function guardUpgrades(app: App, cloakroom: Cloakroom): void {
  const { options, stack } = app
  findRoutesBehindMiddleware(stack)
  const before = options.websocket as WebSocketOptions | undefined
  const heartbeat = new SocketHeartbeat()
  const websocket: WebSocketOptions = {
    ...before,
    serverOptions: { maxPayload: cloakroom.config.webSocketMaxBytes, ...before?.serverOptions },
    hooks: {
      ...before?.hooks,
      async upgrade(request) {
        await withErrorResponse(async () => {
          checkUpgrade(request, cloakroom)
          const hooks = await hooksFor(app, nodeRequestOf(request).url!)
          if (!hooks && !before?.hooks?.open && !before?.hooks?.message) throw noWebSocket()
          // One of the module's finds out first whether a user is signed in.
          if (!hooks || !takesPlace(hooks)) takeSocketPlace(request, cloakroom, { isLimitedByAddress: true })
        })
        return before?.hooks?.upgrade?.(request)
      },
      open(peer) {
        const { websocket } = peer as { websocket: Partial<PingableSocket> & { once?: NodeJS.EventEmitter['once'] } }
        if (websocket.ping) websocket.once?.('close', heartbeat.watch(websocket as PingableSocket))
        limitFragments(websocket)
        return before?.hooks?.open?.(peer)
      },
    },
  }
  options.websocket = websocket
}

/** The hooks of the route. crossws accepts an upgrade on any path, and nothing might listen to the socket. */
async function hooksFor(app: App, url: string): Promise<object | undefined> {
  const route = await app.resolve(url.split('?', 1)[0]!)
  return route?.handler?.__websocket__
}

function noWebSocket() {
  return httpError({ status: 404, message: 'There is no WebSocket on this path.' })
}

/**
 * Takes a place until the connection closes, whether a socket has been opened on it or not.
 *
 * @throws HttpError 429 if there is none left
 */
export function takeSocketPlace(
  request: UpgradeRequest,
  cloakroom: Cloakroom,
  limits: { isLimitedByAddress: boolean },
): void {
  const { headers, socket } = nodeRequestOf(request)
  if (typeof socket.once !== 'function' || socket.destroyed) return // Another platform does not say when it closes.
  const place = takePlace({ headers, socket }, cloakroom, limits)
  if (!place) throw httpError({ status: 429, code: 'rate_limited', message: 'Too many WebSockets are open.' })
  socket.once('close', () => place.release())
}

/**
 * With a base path, h3 takes the app's middleware for the route of each WebSocket, so none of its hooks would run. A
 * handler that resolves to nothing is passed over.
 */
function findRoutesBehindMiddleware(stack: App['stack']) {
  for (const { handler } of stack) {
    if (!handler.__websocket__) handler.__resolve__ ??= () => undefined
  }
}

/** The session cookie that came with an upgrade. */
export function cookieOfUpgrade(request: UpgradeRequest): CookieReading {
  return cookies.get(request) ?? { kind: 'absent' }
}

/**
 * Runs a step of an upgrade and turns an error into the response: crossws has no other way to refuse, and after any
 * other error it never responds.
 */
export async function withErrorResponse<Result>(step: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await step()
  }
  catch (error) {
    throw isHttpError(error) ? toResponse(error) : error
  }
}

/**
 * By the rules for unsafe methods: browsers send their origin with each upgrade, and a socket can do more than read. A
 * socket without the session cookie is the app's: there is no session that it could misuse.
 */
function checkUpgrade(request: UpgradeRequest, cloakroom: Cloakroom) {
  const { config, origins, listenerWatch } = cloakroom
  const nodeRequest = nodeRequestOf(request)
  // Without a listener, a client that resets the connection of a refused upgrade would cause an uncaught error.
  nodeRequest.socket.on?.('error', () => {})
  assertValidHost(nodeRequest)
  dropUntrustedForwarding(nodeRequest, cloakroom)
  const cookie = countForged(nodeRequest, takeCookie(nodeRequest, config.cookieName), cloakroom)
  if (cookie.kind === 'absent' || sessionRuleForPath(nodeRequest.url!) === false) return
  cookies.set(request, cookie)
  listenerWatch.watch(nodeRequest.socket)
  const headers = originHeadersOf('CONNECT', nodeRequest.headers, true)
  if (classifyOrigin(headers, originsFor(nodeRequest, origins, cloakroom)) === 'foreign') {
    throw refuseCrossOrigin(cloakroom)
  }
}

/** As for any request: over the limit, forged cookies are ignored. */
function countForged(request: NodeRequest, cookie: CookieReading, { engine, forgedCookies }: Cloakroom): CookieReading {
  if (cookie.kind !== 'present' || engine.authenticator.parseQuietly(cookie)) return cookie
  if (engine.clock() < forgedCookies.floodEndsAt && forgedCookies.isIgnored(request, cookie)) return { kind: 'absent' }
  forgedCookies.count(request, cookie)
  return cookie
}

/** crossws builds a URL of it, and finds the route by that. @throws HttpError 400 */
function assertValidHost({ headers: { host } }: NodeRequest) {
  if (!isValidHost(host)) throw httpError({ status: 400, message: 'The Host header is not valid.' })
}

/**
 * Node's request is undocumented in crossws 0.3, and a test of the built server checks it. Other platforms have a
 * `Request`, whose headers cannot be changed.
 */
function nodeRequestOf(request: UpgradeRequest): NodeRequest {
  const { _req } = request as unknown as { _req?: NodeRequest }
  if (_req) return _req
  const { pathname, search, protocol } = new URL(request.url!)
  const socket = { encrypted: protocol === 'https:' } as unknown as NodeRequest['socket']
  return { url: pathname + search, headers: Object.fromEntries(request.headers as Headers), rawHeaders: [], socket }
}

function isHttpError(error: unknown): error is HttpError {
  return error instanceof Error && 'statusCode' in error
}

/** As bytes, so that no Content-Type is sent: crossws would percent-encode its slash. */
function toResponse(error: HttpError): Response {
  const { statusCode, statusMessage = '', message, data } = error
  const isOutage = error instanceof SessionError && error.code === 'store_unavailable'
  const mayRetry = isOutage || statusCode === TOO_MANY_REQUESTS
  const body = new TextEncoder().encode(JSON.stringify({ error: true, statusCode, message, data }))
  return new Response(body, {
    status: statusCode,
    statusText: statusMessage,
    headers: {
      'cache-control': 'no-store',
      'connection': 'close',
      ...(mayRetry ? { 'retry-after': RETRY_AFTER_SECONDS } : {}),
    },
  })
}
