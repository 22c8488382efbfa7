import { isIP } from 'node:net'
import { canonicalName } from '../server/tls/subject-names.ts'

/** The names that every local certificate contains. */
export const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1']

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const DNS_NAME = new RegExp(`^(\\*\\.${LABEL}\\.)?(${LABEL}\\.)*${LABEL}$`)

/**
 * Parses `NUXT_TLS_NAMES`: DNS names and IP addresses, separated by commas. Returns the local names followed by
 * these, in canonical form and without duplicates. For an empty list it returns only the local names.
 *
 * @throws Error that names the variable, if an entry is neither. A typing error must not lead to a certificate that
 * fails in the browser.
 */
export function parseTlsNames(list = ''): string[] {
  const extra = list.split(',').map(name => name.trim()).filter(Boolean)
  return [...new Set([...LOCAL_NAMES, ...extra.map(parseName)])]
}

function parseName(name: string): string {
  const canonical = canonicalName(name)
  if (isDnsName(canonical) || (isIP(canonical) && !name.includes('%'))) return canonical
  throw new Error(
    `[certs] NUXT_TLS_NAMES: ${JSON.stringify(name)} is neither a DNS name nor an IP address. `
    + 'Give bare names separated by commas, such as "app.test,192.168.1.20", without scheme, port or path '
    + '(an international name in its xn-- form).',
  )
}

/** Refuses a last label of digits only, which browsers would read as (part of) an IPv4 address. */
function isDnsName(name: string): boolean {
  return name.length <= 253 && DNS_NAME.test(name) && !/(^|\.)\d+$/.test(name)
}
