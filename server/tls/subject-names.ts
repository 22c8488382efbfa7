import type { X509Certificate } from 'node:crypto'
import { SocketAddress, isIP } from 'node:net'

/**
 * Returns the DNS names and IP addresses that a certificate is for, in canonical form: lower case, shortest IPv6
 * form.
 *
 * Reads only the subject alternative names: browsers have ignored the common name since 2017. Leaves out entries that
 * are not host names: other kinds (e-mail, URI), and entries that Node had to quote because they contain a comma or a
 * quote mark.
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
 * Returns one spelling for each name, to compare two lists of names: `0:0:0:0:0:0:0:1` and `::1` are the same
 * address.
 */
export function canonicalName(name: string): string {
  const version = isIP(name)
  if (!version) return name.toLowerCase()
  return new SocketAddress({ address: name, family: version === 6 ? 'ipv6' : 'ipv4' }).address
}
