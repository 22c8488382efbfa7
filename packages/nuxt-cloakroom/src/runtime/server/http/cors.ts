const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const HEADERS = 'Content-Type'
const PREFLIGHT_MAX_AGE_SECONDS = 600

export interface CorsHeaders {
  readonly vary: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * CORS headers with credentials for an origin on the allowlist. Any other origin gets none, but `Vary: Origin` remains,
 * because a cache must not give one origin's response to another. `*` is never sent; browsers refuse it with
 * credentials.
 */
export function corsHeaders(origin: string | undefined, allowed: ReadonlySet<string>): CorsHeaders {
  const isAllowed = origin !== undefined && allowed.has(origin)
  return {
    vary: 'Origin',
    headers: isAllowed
      ? { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
      : {},
  }
}

/** Headers of a preflight response: explicit lists, cached by the browser for ten minutes. */
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
      'access-control-max-age': String(PREFLIGHT_MAX_AGE_SECONDS),
    },
  }
}
