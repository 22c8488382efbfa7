import type { IncomingMessage } from 'node:http'
import type { Hooks } from 'crossws'
import type { App } from 'h3'
import { classifyOrigin, originHeadersOf, originsFor, takeCookie } from '../http/request-headers'
import type { CookieReading } from '../sessions/authentication'
import { SessionError } from '../sessions/errors'
import { refuseCrossOrigin } from './guard-responses'
import type { Cloakroom } from './runtime'
import { sessionRuleForPath } from './route-rules'

export type UpgradeRequest = Parameters<Hooks['upgrade']>[0]

type NodeRequest = Pick<IncomingMessage, 'url' | 'headers' | 'rawHeaders' | 'socket'>

/** The session cookies of upgrades under way. They are no longer in the requests' headers. */
const cookies = new WeakMap<UpgradeRequest, CookieReading>()

/** When a client may try again after the store did not respond. */
export const RETRY_AFTER_SECONDS = '2'

interface HttpError extends Error {
  readonly statusCode: number
  readonly statusMessage?: string
  readonly data?: unknown
}

/**
 * Takes the session cookie out of each upgrade's headers, and refuses each WebSocket of the whole app, on any route,
 * that a page of another origin opens with it (cross-site WebSocket hijacking). h3 runs no middleware for an upgrade,
 * so the guard of requests does not see it. Call it before the server takes the app's WebSocket options.
 */
export function guardUpgrades({ options, stack }: App, cloakroom: Cloakroom): void {
  findRoutesBehindMiddleware(stack)
  const before = options.websocket
  options.websocket = {
    ...before,
    hooks: {
      ...before?.hooks,
      async upgrade(request) {
        await withErrorResponse(() => checkUpgrade(request, cloakroom))
        return before?.hooks?.upgrade?.(request)
      },
    },
  }
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
  const cookie = takeCookie(nodeRequest, config.cookieName)
  if (cookie.kind === 'absent' || sessionRuleForPath(nodeRequest.url!) === false) return
  cookies.set(request, cookie)
  listenerWatch.watch(nodeRequest.socket)
  const headers = originHeadersOf('CONNECT', nodeRequest.headers, true)
  if (classifyOrigin(headers, originsFor(nodeRequest, origins, cloakroom)) === 'foreign') {
    throw refuseCrossOrigin(cloakroom)
  }
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
  const body = new TextEncoder().encode(JSON.stringify({ error: true, statusCode, message, data }))
  return new Response(body, {
    status: statusCode,
    statusText: statusMessage,
    headers: {
      'cache-control': 'no-store',
      'connection': 'close',
      ...(isOutage ? { 'retry-after': RETRY_AFTER_SECONDS } : {}),
    },
  })
}
