/** Stands for the page's own origin; a reserved name (RFC 2606), so that no address written by anybody can equal it. */
const OWN = 'https://own.invalid'

/**
 * Where to go after signing in: `value` if it is a path of this origin, else `fallback`. Resolved as a browser would, and then compared, so that no spelling
 * of another origin gets through: `//host`, `/\host`, `/..//host`, control characters, absolute URLs.
 *
 * @param value untrusted, such as `route.query.returnTo`
 */
export function safeReturnTo(value: unknown, fallback = '/'): string {
  if (typeof value !== 'string' || !value.startsWith('/') || hasControl(value) || !URL.canParse(value, OWN)) return fallback
  const { origin, pathname, search, hash } = new URL(value, OWN)
  return origin === OWN && !pathname.startsWith('//') ? pathname + search + hash : fallback
}

/** Browsers drop some of them from within an address, and what is then left may mean another place. */
function hasControl(text: string): boolean {
  return [...text].some(character => character < ' ' || character === '\u007F' || character === '\\')
}
