import type { App } from 'h3'
import type { Hooks } from 'crossws'
import { classifyOrigin } from '../http/request-headers'
import { SessionError } from '../sessions/errors'
import { refuseCrossOrigin } from './guard-responses'
import type { Cloakroom } from './runtime'

type UpgradeRequest = Parameters<Hooks['upgrade']>[0]

/** When a client may try again after the store did not respond. */
export const RETRY_AFTER_SECONDS = '2'

interface HttpError extends Error {
  readonly statusCode: number
  readonly statusMessage?: string
  readonly data?: unknown
}

/**
 * Refuses each WebSocket of the whole app, on any route, that a page of another origin opens (cross-site WebSocket
 * hijacking). h3 runs no middleware for an upgrade, so the guard of requests does not see it. Call it before the server
 * takes the app's WebSocket options.
 */
export function guardUpgrades({ options }: App, cloakroom: Cloakroom): void {
  const before = options.websocket
  options.websocket = {
    ...before,
    hooks: {
      ...before?.hooks,
      async upgrade(request) {
        await withErrorResponse(() => assertSameOrigin(request, cloakroom))
        return before?.hooks?.upgrade?.(request)
      },
    },
  }
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
 * By the rules for unsafe methods: browsers send their origin with each upgrade, and a socket can do more than read.
 */
function assertSameOrigin({ headers }: UpgradeRequest, cloakroom: Cloakroom) {
  const header = (name: string) => headers.get(name) ?? undefined
  const origin = classifyOrigin({
    method: 'CONNECT',
    origin: header('origin'),
    referer: header('referer'),
    secFetchSite: header('sec-fetch-site'),
    secFetchMode: header('sec-fetch-mode'),
    secFetchDest: header('sec-fetch-dest'),
    hasCookie: headers.has('cookie'),
  }, cloakroom.origins)
  if (origin === 'foreign') throw refuseCrossOrigin(cloakroom)
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
