/** How a session cookie is set; the same attributes clear it again. */
export interface CookieOptions {
  readonly name: string
  /** `SameSite=None; Partitioned` instead of `SameSite=Lax`, for use from another site. */
  readonly crossSite: boolean
}

/** Attributes for setting and for clearing, as they occur in `Set-Cookie` (ASVS 3.3.1 to 3.3.4). */
export function cookieAttributes({ crossSite }: Pick<CookieOptions, 'crossSite'>): string[] {
  return ['Path=/', 'Secure', 'HttpOnly', ...(crossSite ? ['SameSite=None', 'Partitioned'] : ['SameSite=Lax'])]
}

/** @param maxAge seconds that the cookie outlives the browser; without it, it ends with the browser */
export function serializeCookie(options: CookieOptions, value: string, maxAge?: number): string {
  const lifetime = maxAge === undefined ? [] : [`Max-Age=${maxAge}`]
  return [`${options.name}=${value}`, ...cookieAttributes(options), ...lifetime].join('; ')
}

/**
 * A `Set-Cookie` that removes the cookie. Only sign-out sends it: for a refused cookie it could race with a rotation.
 */
export function serializeClearedCookie(options: CookieOptions): string {
  return serializeCookie(options, '', 0)
}
