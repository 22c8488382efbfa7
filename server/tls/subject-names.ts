import type { X509Certificate } from 'node:crypto'
import { SocketAddress, isIP } from 'node:net'

/**
 * The DNS names and IP addresses that a certificate is for, in canonical form: lower case, IPv6 at its shortest.
 *
 * Reads the subject alternative names only: browsers have ignored the common name since 2017. Entries of other kinds
 * (e-mail, URI) and entries that Node had to quote, because they hold a comma or a quote mark, are no host names and
 * are left out.
 */
export function subjectNames(certificate: Pick<X509Certificate, 'subjectAltName'>): string[] {
  const entries
    = certificate.subjectAltName?.matchAll(/(DNS|IP Address|[^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g) ?? []
  const names = [...entries]
    .filter(([, kind, value]) => (kind === 'DNS' || kind === 'IP Address') && !value!.startsWith('"'))
    .map(([, , value]) => canonicalName(value!))
  return [...new Set(names)]
}

/**
 * One spelling for each name, so that two lists of names can be compared: `0:0:0:0:0:0:0:1` and `::1` are the same
 * address.
 */
export function canonicalName(name: string): string {
  const version = isIP(name)
  if (!version) return name.toLowerCase()
  return new SocketAddress({ address: name, family: version === 6 ? 'ipv6' : 'ipv4' }).address
}
