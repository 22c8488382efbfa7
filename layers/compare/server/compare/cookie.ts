import type { CookieSettings } from '../../shared/compare/scenarios'

const NAME = 'compare'
/** Long enough for a slow run. After that, the browser deletes the cookie. */
const MAX_AGE_SECONDS = 300

/**
 * Returns the attributes of a scenario's cookie. Its path belongs to the scenario, so the browser sends it to no other
 * scenario and to no route of the app.
 */
export function cookieAttributes({ sameSite, secure, partitioned }: CookieSettings, path: string): string {
  return [
    `Path=${path}`,
    `Max-Age=${MAX_AGE_SECONDS}`,
    'HttpOnly',
    ...(secure ? ['Secure'] : []),
    ...(sameSite ? [`SameSite=${sameSite}`] : []),
    ...(partitioned ? ['Partitioned'] : []),
  ].join('; ')
}

/** A `Set-Cookie` line. */
export function setCookieLine(value: string, attributes: string): string {
  return `${NAME}=${value}; ${attributes}`
}

/** Returns the value of the comparison's cookie in a `Cookie` header, or null if it is not there. */
export function readCookie(header: string | undefined): string | null {
  return header?.split('; ').find(pair => pair.startsWith(`${NAME}=`))?.slice(NAME.length + 1) ?? null
}
