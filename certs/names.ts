import { isIP } from 'node:net'
import { canonicalName } from '../server/tls/subject-names.ts'

/** The names every local certificate is for, whatever else is asked. */
export const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1']

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const DNS_NAME = new RegExp(`^(\\*\\.${LABEL}\\.)?(${LABEL}\\.)*${LABEL}$`)

/**
 * Reads `NUXT_TLS_NAMES`: DNS names and IP addresses, separated by commas. Answers them in canonical form after the
 * local names, each once. An empty list is the local names alone.
 *
 * @throws Error that names the variable, if an entry is neither. A typing error must not end in a certificate that
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

/** A last label of digits alone would be read as (part of) an IPv4 address by browsers. */
function isDnsName(name: string): boolean {
  return name.length <= 253 && DNS_NAME.test(name) && !/(^|\.)\d+$/.test(name)
}
