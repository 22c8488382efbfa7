import type { CookieSettings } from '../../shared/compare/scenarios'

const NAME = 'compare'
/** Long enough for a slow run; then the browser forgets it by itself. */
const MAX_AGE_SECONDS = 300

/**
 * The attributes of a scenario's cookie. Its path is the scenario's own, so it meets no other scenario and no route of
 * the app.
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

/** The comparison's cookie in a `Cookie` header; null if it is not there. */
export function readCookie(header: string | undefined): string | null {
  return header?.split('; ').find(pair => pair.startsWith(`${NAME}=`))?.slice(NAME.length + 1) ?? null
}
