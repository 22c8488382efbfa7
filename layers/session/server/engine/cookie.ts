/** What the `Cookie` header said about one name. `duplicate`: it stood there with different values, so none can be trusted. */
export type CookieReading = { kind: 'absent' } | { kind: 'present', value: string } | { kind: 'duplicate' }

const ABSENT: CookieReading = { kind: 'absent' }

/**
 * Finds a cookie in a raw `Cookie` header by the exact bytes of its name (RFC 6265 §5.4 as servers see it).
 *
 * Parsers that trim or decode names let a sibling host plant a look-alike; those that take the first of two let it win.
 * Here only spaces and tabs around a pair are dropped, nothing is decoded, and two different values count as none.
 */
export function readCookie(header: string | undefined, name: string): CookieReading {
  if (!header || !header.includes(name)) return ABSENT
  let found: string | undefined
  for (const part of header.split(';')) {
    const pair = trimBlanks(part)
    if (!pair.startsWith(name) || pair[name.length] !== '=') continue
    const value = pair.slice(name.length + 1)
    if (found !== undefined && found !== value) return { kind: 'duplicate' }
    found = value
  }
  return found === undefined ? ABSENT : { kind: 'present', value: found }
}

/** How a session cookie is set; the same attributes clear it again. */
export interface CookieOptions {
  readonly name: string
  /** `Lax`, or `None; Partitioned` for use from another site. */
  readonly crossSite: boolean
}

/** Attributes shared by setting and clearing, as they stand in `Set-Cookie` (ASVS 3.3.1 to 3.3.4). */
export function cookieAttributes({ crossSite }: CookieOptions): string[] {
  return ['Path=/', 'Secure', 'HttpOnly', ...(crossSite ? ['SameSite=None', 'Partitioned'] : ['SameSite=Lax'])]
}

/** @param maxAge seconds the cookie outlives the browser; left out, it ends with the browser */
export function serializeCookie(options: CookieOptions, value: string, maxAge?: number): string {
  const lifetime = maxAge === undefined ? [] : [`Max-Age=${maxAge}`]
  return [`${options.name}=${value}`, ...cookieAttributes(options), ...lifetime].join('; ')
}

/** A `Set-Cookie` that removes the cookie. Only sign-out sends it: on a refused cookie it could race with a rotation and sign a user out. */
export function serializeClearedCookie(options: CookieOptions): string {
  return serializeCookie(options, '', 0)
}

function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
