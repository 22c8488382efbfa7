import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Extension } from '@peculiar/x509'

/*
 * Name constraints (RFC 5280 section 4.2.1.10): clients accept from a CA only certificates for the names that it lists.
 * The libraries are loaded only when they are needed, because most starts of the app need neither.
 */

/** Returns the critical extension that permits `names`, the names below each DNS name, and no others. */
export async function nameConstraints(names: string[]): Promise<Extension> {
  const { Extension } = await import('@peculiar/x509')
  const { AsnConvert } = await import('@peculiar/asn1-schema')
  const { GeneralName, GeneralSubtree, GeneralSubtrees, NameConstraints, id_ce_nameConstraints: id } = await load()
  const subtrees = [...new Set(names.map(subtreeOf))].map((subtree) => {
    const base = isDns(subtree) ? { dNSName: subtree } : { iPAddress: subtree }
    return new GeneralSubtree({ base: new GeneralName(base) })
  })
  const constraints = new NameConstraints({ permittedSubtrees: new GeneralSubtrees(subtrees) })
  return new Extension(id, true, AsnConvert.serialize(constraints))
}

/**
 * Returns what a CA certificate permits: DNS names, each with the names below it, and networks. Returns `null` if it
 * does not limit both kinds of names, so that its key could sign for any site.
 */
export async function permittedSubtrees({ raw }: Pick<X509Certificate, 'raw'>): Promise<string[] | null> {
  const { AsnConvert } = await import('@peculiar/asn1-schema')
  const { Certificate, NameConstraints, id_ce_nameConstraints: id } = await load()
  const { extensions } = AsnConvert.parse(raw, Certificate).tbsCertificate
  const extension = extensions?.find(({ extnID }) => extnID === id)
  if (!extension?.critical) return null
  const { permittedSubtrees: permitted = [] } = AsnConvert.parse(extension.extnValue, NameConstraints)
  const subtrees = permitted.map(({ base }) => base.dNSName ?? base.iPAddress ?? '')
  return subtrees.some(isDns) && subtrees.some(subtree => !isDns(subtree)) ? subtrees : null
}

/** Returns whether the subtrees of a CA contain a name that a certificate should be for. */
export function isPermitted(name: string, subtrees: string[]): boolean {
  const wanted = subtreeOf(name)
  return subtrees.some(subtree => wanted === subtree || (isDns(subtree) && wanted.endsWith(`.${subtree}`)))
}

/** A wildcard stands for the names below its domain; an address is a network of one. */
function subtreeOf(name: string): string {
  const version = isIP(name)
  if (version) return `${name}/${version === 4 ? 32 : 128}`
  return name.replace(/^\*\./, '')
}

function isDns(subtree: string): boolean {
  return subtree !== '' && !subtree.includes('/')
}

function load(): Promise<typeof import('@peculiar/asn1-x509')> {
  return import('@peculiar/asn1-x509')
}
