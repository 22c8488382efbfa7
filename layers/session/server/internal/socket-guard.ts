import type { Hooks } from 'crossws'
import type { App } from 'h3'
import { SessionError } from '../engine/errors'
import { provenanceOf } from '../engine/request-origin'
import { crossOriginRefused } from './guard'
import { sessionLayer } from './instance'

type UpgradeRequest = Parameters<Hooks['upgrade']>[0]

/** Seconds after which a client may try again when the store does not answer. */
const RETRY_AFTER = '2'

/**
 * Stands before every WebSocket of the whole app, whatever its route: no page of another origin gets one (cross-site WebSocket hijacking). h3 asks no middleware
 * about an upgrade, so `guard` never sees it. To be called before the server takes the app's WebSocket options.
 */
export function guardUpgrades({ options }: App): void {
  const before = options.websocket
  options.websocket = {
    ...before,
    hooks: {
      ...before?.hooks,
      async upgrade(request) {
        await answeringErrors(() => assertOwnPage(request))
        return before?.hooks?.upgrade?.(request)
      },
    },
  }
}

/** Does what an upgrade needs. An error becomes the answer: crossws knows no other way to refuse, and leaves the client waiting for ever at any other error. */
export async function answeringErrors<Result>(act: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await act()
  }
  catch (error) {
    throw isErrorOfH3(error) ? refusal(error) : error
  }
}

/** By the rules for unsafe methods: browsers say the origin at every upgrade, and what opens a socket can do more than read. */
function assertOwnPage({ headers }: UpgradeRequest) {
  const header = (name: string) => headers.get(name) ?? undefined
  const provenance = provenanceOf({
    method: 'CONNECT',
    origin: header('origin'),
    referer: header('referer'),
    secFetchSite: header('sec-fetch-site'),
    secFetchMode: header('sec-fetch-mode'),
    secFetchDest: header('sec-fetch-dest'),
    hasCookie: headers.has('cookie'),
  }, sessionLayer().origins)
  if (provenance === 'foreign') throw crossOriginRefused()
}

interface ErrorOfH3 {
  readonly statusCode: number
  readonly statusMessage?: string
  readonly message: string
  readonly data?: unknown
}

function isErrorOfH3(error: unknown): error is ErrorOfH3 {
  return error instanceof Error && 'statusCode' in error
}

/** Bytes, so that no Content-Type goes with them: crossws would percent-encode its slash. */
function refusal(error: ErrorOfH3): Response {
  const { statusCode, statusMessage, message, data } = error
  const headers = { 'cache-control': 'no-store', 'connection': 'close', ...(error instanceof SessionError && error.code === 'store_unavailable' ? { 'retry-after': RETRY_AFTER } : {}) }
  return new Response(new TextEncoder().encode(JSON.stringify({ error: true, statusCode, message, data })), { status: statusCode, statusText: statusMessage, headers })
}
