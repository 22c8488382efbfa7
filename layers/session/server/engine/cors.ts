const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const HEADERS = 'Content-Type'
const PREFLIGHT_SECONDS = 600

export interface CorsHeaders {
  readonly vary: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * CORS headers for a listed origin, with credentials. For any other origin there are none, yet `Vary: Origin` stays:
 * a cache must not give one origin's answer to another. `*` is never sent; with credentials browsers refuse it.
 */
export function corsHeaders(origin: string | undefined, allowed: ReadonlySet<string>): CorsHeaders {
  const listed = origin !== undefined && allowed.has(origin)
  return {
    vary: 'Origin',
    headers: listed ? { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' } : {},
  }
}

/** Headers of a preflight answer: explicit lists, kept by the browser for ten minutes. */
export function preflightHeaders(origin: string | undefined, allowed: ReadonlySet<string>): CorsHeaders {
  const vary = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'
  const { headers } = corsHeaders(origin, allowed)
  if (Object.keys(headers).length === 0) return { vary, headers }
  return {
    vary,
    headers: {
      ...headers,
      'access-control-allow-methods': METHODS,
      'access-control-allow-headers': HEADERS,
      'access-control-max-age': String(PREFLIGHT_SECONDS),
    },
  }
}
