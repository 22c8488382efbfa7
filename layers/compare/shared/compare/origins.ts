/** Where a call goes, as seen from the page: the values of `Sec-Fetch-Site`. */
export type Target = 'same-origin' | 'same-site' | 'cross-site'

/** The ports of the comparison's two other listeners. */
export interface ComparisonPorts {
  sameSite: number
  crossSite: number
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/**
 * Returns the two other origins for a page on `hostname` (as in `location.hostname`): another port of the same host,
 * which is the same site, and another name of the same machine, which is another site.
 *
 * Returns `null` for any other name, because the comparison listens on loopback addresses only.
 */
export function otherOrigins(
  hostname: string,
  { sameSite, crossSite }: ComparisonPorts,
): Record<Exclude<Target, 'same-origin'>, string> | null {
  if (!LOOPBACK.includes(hostname)) return null
  return {
    'same-site': `https://${hostname}:${sameSite}`,
    'cross-site': `https://${hostname === 'localhost' ? '127.0.0.1' : 'localhost'}:${crossSite}`,
  }
}
