import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { RequestFacts } from '../../shared/types/diagnosis'
import type { KnownOrigins } from '../http/request-headers'

/** Text of the client is sent back to it, but not more than a browser's header has. */
const MAX_TEXT_CHARACTERS = 200
/** The largest time of a `Date`. */
const MAX_TIME = 8.64e15

export interface RequestFactsContext {
  readonly dev: boolean
  readonly behindProxy: boolean
  readonly origins: KnownOrigins
  /** Whether the peer is a trusted proxy. */
  readonly isTrusted: (request: Pick<IncomingMessage, 'socket'>) => boolean
}

/** What a request says about itself. A program can forge all of it; here it only selects sentences. */
export function requestFacts(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  context: RequestFactsContext,
): RequestFacts {
  const { headers } = request
  const origin = textOf(headers, 'origin')
  // The session cookie is no longer among them.
  const cookies = (headers.cookie ?? '').split(';').map(pair => pair.trim())
  return {
    scheme: schemeOf(request, context),
    host: textOf(headers, 'host'),
    origin,
    originIs: classify(origin, context.origins),
    site: textOf(headers, 'sec-fetch-site'),
    dest: textOf(headers, 'sec-fetch-dest'),
    storageAccess: textOf(headers, 'sec-fetch-storage-access'),
    otherCookies: cookies.filter(pair => pair !== '').length,
  }
}

/** The caller's clock from `?now=`, milliseconds since the epoch; `null` if it is not valid. */
export function callerClock(now: unknown): number | null {
  const value = typeof now === 'string' && /^\d{1,16}$/.test(now) ? Number(now) : Number.NaN
  return value <= MAX_TIME ? value : null
}

/**
 * A forwarded scheme is trusted from a listed proxy only; in development nuxi sends it, in front of the app's own
 * thread.
 */
function schemeOf(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  { dev, behindProxy, isTrusted }: RequestFactsContext,
): RequestFacts['scheme'] {
  if ((request.socket as Partial<TLSSocket>).encrypted) return 'https'
  const isBelieved = dev || isTrusted(request)
  const forwarded = isBelieved ? textOf(request.headers, 'x-forwarded-proto')?.toLowerCase() : undefined
  if (forwarded === 'http' || forwarded === 'https') return forwarded
  return behindProxy || dev ? 'unknown' : 'http'
}

function classify(origin: string | null, { own, allowed }: KnownOrigins): RequestFacts['originIs'] {
  if (origin === null) return null
  if (own.has(origin)) return 'own'
  return allowed.has(origin) ? 'listed' : 'foreign'
}

function textOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? value.slice(0, MAX_TEXT_CHARACTERS) : null
}
