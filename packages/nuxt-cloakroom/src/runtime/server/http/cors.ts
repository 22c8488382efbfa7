import type { IncomingHttpHeaders } from 'node:http'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const PREFLIGHT_MAX_AGE_SECONDS = 600
/** Header names of a preflight request: tokens (RFC 9110 section 5.6.2) without `*`, together not too long. */
const HEADER_NAMES = /^[\w!#$%&'+.^`|~, -]{1,2000}$/
/** What a client of another origin may read, in addition to the headers that it always may (Fetch standard). */
const EXPOSED = 'Retry-After, Content-Disposition, ETag, Link, Location, Server-Timing, X-Request-Id'

export interface CorsHeaders {
  readonly vary: string
  readonly headers: Readonly<Record<string, string>>
  /** Header names that the page may read, unless the app names others. */
  readonly exposed?: string
}

/**
 * CORS headers with credentials for an origin on the allowlist. Any other origin gets none, but `Vary: Origin` remains,
 * because a cache must not give one origin's response to another. `*` is never sent; browsers refuse it with
 * credentials.
 */
export function corsHeaders(origin: string | undefined, allowed: ReadonlySet<string>): CorsHeaders {
  if (origin === undefined || !allowed.has(origin)) return { vary: 'Origin', headers: {} }
  return {
    vary: 'Origin',
    headers: { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' },
    exposed: EXPOSED,
  }
}

/**
 * Headers of a preflight response, cached by the browser for ten minutes. An origin on the allowlist may send any
 * headers that it asks for: it is trusted, and what tracing tools and clients add cannot be known in advance.
 */
export function preflightHeaders(request: IncomingHttpHeaders, allowed: ReadonlySet<string>): CorsHeaders {
  const vary = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'
  const { headers } = corsHeaders(request.origin, allowed)
  if (Object.keys(headers).length === 0) return { vary, headers }
  const names = request['access-control-request-headers']
  return {
    vary,
    headers: {
      ...headers,
      'access-control-allow-methods': METHODS,
      ...(names !== undefined && HEADER_NAMES.test(names) ? { 'access-control-allow-headers': names } : {}),
      'access-control-max-age': String(PREFLIGHT_MAX_AGE_SECONDS),
    },
  }
}
