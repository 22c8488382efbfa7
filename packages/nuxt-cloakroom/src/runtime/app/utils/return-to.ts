/** Stands for the page's own origin; a reserved name (RFC 2606), so that no address can equal it. */
const OWN_ORIGIN = 'https://own.invalid'

/**
 * Returns where to go after signing in: `value` if it is a path of this origin, otherwise `fallback`. It is resolved as
 * a browser would and then compared, so that no spelling of another origin passes: `//host`, `/\host`, `/..//host`,
 * control characters, absolute URLs.
 *
 * @param value untrusted, for example `route.query.returnTo`
 */
export function safeReturnTo(value: unknown, fallback = '/'): string {
  if (typeof value !== 'string' || !value.startsWith('/') || hasControlCharacter(value)) return fallback
  if (!URL.canParse(value, OWN_ORIGIN)) return fallback
  const { origin, pathname, search, hash } = new URL(value, OWN_ORIGIN)
  return origin === OWN_ORIGIN && !pathname.startsWith('//') ? pathname + search + hash : fallback
}

/** Browsers remove some of them from an address, and the rest may lead to another place. */
function hasControlCharacter(text: string): boolean {
  return [...text].some(character => character < ' ' || character === '\u007F' || character === '\\')
}
