import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { RequestFacts } from '../../shared/types/diagnosis'
import type { KnownOrigins } from '../engine/request-origin'

/** Client text goes back to the client; no more of it than a header of a browser has. */
const LONGEST_TEXT = 200
/** Above any clock that can be meant. */
const LAST_TIME = 8.64e15

export interface Surroundings {
  readonly dev: boolean
  readonly behindProxy: boolean
  readonly cookieName: string
  readonly origins: KnownOrigins
  /** Whether the peer is a proxy that is believed. */
  readonly isTrusted: (request: Pick<IncomingMessage, 'socket'>) => boolean
}

/** What a request says of itself. All of it can be made up by a program; none of it decides anything here but words. */
export function requestFacts(request: Pick<IncomingMessage, 'headers' | 'socket'>, surroundings: Surroundings): RequestFacts {
  const { headers } = request
  const origin = textOf(headers, 'origin')
  return {
    scheme: schemeOf(request, surroundings),
    host: textOf(headers, 'host'),
    origin,
    originIs: originIs(origin, surroundings.origins),
    site: textOf(headers, 'sec-fetch-site'),
    dest: textOf(headers, 'sec-fetch-dest'),
    storageAccess: textOf(headers, 'sec-fetch-storage-access'),
    otherCookies: (headers.cookie ?? '').split(';').filter(pair => pair.trim() !== '' && !pair.trim().startsWith(`${surroundings.cookieName}=`)).length,
  }
}

/** The caller's clock from `?now=`, milliseconds since the epoch; `null` for anything else. */
export function callerClock(now: unknown): number | null {
  const value = typeof now === 'string' && /^\d{1,16}$/.test(now) ? Number(now) : Number.NaN
  return value <= LAST_TIME ? value : null
}

/** A forwarded scheme is believed of a listed proxy alone; in development it is nuxi, in front of the app's own thread, that says it. */
function schemeOf(request: Pick<IncomingMessage, 'headers' | 'socket'>, { dev, behindProxy, isTrusted }: Surroundings): RequestFacts['scheme'] {
  if ((request.socket as Partial<TLSSocket>).encrypted) return 'https'
  const forwarded = dev || isTrusted(request) ? textOf(request.headers, 'x-forwarded-proto')?.toLowerCase() : undefined
  if (forwarded === 'http' || forwarded === 'https') return forwarded
  return behindProxy || dev ? 'unknown' : 'http'
}

function originIs(origin: string | null, { own, allowed }: KnownOrigins): RequestFacts['originIs'] {
  if (origin === null) return null
  if (own.has(origin)) return 'own'
  return allowed.has(origin) ? 'listed' : 'foreign'
}

function textOf(headers: IncomingHttpHeaders, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : null
}
