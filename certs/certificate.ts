import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { rmSync } from 'node:fs'
import { subjectNames } from '../server/tls/subject-names.ts'
import { isPermitted, permittedSubtrees } from './constraints.ts'
import { certificateFiles, readText, writeWhole } from './files.ts'
import type { CertificateFiles } from './files.ts'
import { LEAF_LIFETIME_MS, issueCa, issueLeaf, newKey } from './issue.ts'
import type { Issuer } from './issue.ts'
import { parseTlsNames } from './names.ts'

/** Options for a certificate. All have a default. */
export interface CertificateOptions {
  /** The folder of the files: `certs` by default. */
  folder?: string
  /** Extra names, in the format of `NUXT_TLS_NAMES`, which is the default. */
  names?: string
  now?: Date
  /** Creates a new server certificate even if the present one is good. */
  force?: boolean
  /** Called with what to do when a CA that may be trusted was replaced. Default `console.warn`. */
  warn?: (message: string) => void
}

/** A certificate is replaced when its remaining lifetime is this long or shorter. */
export const RENEW_BEFORE_MS = 30 * 24 * 3_600_000

const ATTEMPTS = 5

/**
 * Returns the paths of a private key and certificate for local HTTPS, as `devServer.https` in nuxt.config takes them.
 *
 * Cheap if the files are good: it reads four small files and signs nothing. See `ensureCertificate` for what it
 * creates, and when.
 */
export async function devCertificate(options: CertificateOptions = {}): Promise<{ key: string, cert: string }> {
  const { key, cert } = await ensureCertificate(options)
  return { key, cert }
}

/**
 * Creates the files that are missing, damaged, for other names or about to expire, and keeps the others. The CA is
 * kept while it is valid longer than a new server certificate and permits all of its names, so a developer seldom has
 * to trust it again. Keys are never replaced while they are usable, except that of a CA without name constraints, which
 * an older version created: with that key, anybody could make a certificate for any site.
 *
 * Several processes may do this at the same time without a lock. A key is created only if there is none, so every
 * process writes certificates for the same key, and each checks the files again afterwards.
 *
 * @throws Error if `NUXT_TLS_NAMES` is invalid, or if files are needed and cannot be written.
 */
export async function ensureCertificate(options: CertificateOptions = {}): Promise<CertificateFiles> {
  const { names = process.env.NUXT_TLS_NAMES, now = new Date(), force = false, warn = console.warn } = options
  const files = certificateFiles(options.folder)
  const wanted = parseTlsNames(names)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!(force && attempt === 0) && await isGood(files, wanted, now)) return files
    await make(files, wanted, now, warn)
  }
  throw new Error(
    `[certs] ${files.cert} is still not good after ${ATTEMPTS} attempts: another program keeps changing `
    + `the files beside it.`,
  )
}

async function isGood(files: CertificateFiles, names: string[], now: Date): Promise<boolean> {
  const [caCert, chain] = [readText(files.caCert), readText(files.cert)]
  const [ca, leaf, key] = [parseCertificate(caCert), parseCertificate(chain), parseKey(readText(files.key))]
  if (!caCert || !chain || !ca || !leaf || !key) return false
  const caKey = parseKey(readText(files.caKey)) // It may have been deleted, to keep it safe.
  return (
    leaf.checkPrivateKey(key)
    && (!caKey || ca.checkPrivateKey(caKey))
    && await permits(ca, names)
    && leaf.checkIssued(ca)
    && leaf.verify(ca.publicKey)
    && chain.endsWith(caCert)
    && isCurrent(leaf, now, RENEW_BEFORE_MS)
    && subjectNames(leaf).sort().join() === names.toSorted().join()
  )
}

async function make(files: CertificateFiles, names: string[], now: Date, warn: (message: string) => void) {
  const ca = await ensureCa(files, names, now, warn)
  const key = ensureKey(files.key)
  writeWhole(files.cert, await issueLeaf(key, names, ca, now), 0o644)
}

async function ensureCa(
  files: CertificateFiles,
  names: string[],
  now: Date,
  warn: (message: string) => void,
): Promise<Issuer> {
  const found = readText(files.caCert)
  const ca = parseCertificate(found)
  const isUnlimited = ca !== null && await permittedSubtrees(ca) === null
  if (isUnlimited) rmSync(files.caKey, { force: true })
  const key = ensureKey(files.caKey)
  const isUsable = ca?.ca && ca.checkPrivateKey(createPrivateKey(key)) && isCurrent(ca, now, LEAF_LIFETIME_MS)
  if (found && isUsable && await permits(ca, names)) return { key, cert: found }
  writeWhole(files.caCert, await issueCa(key, names, now), 0o644, { keepExisting: found === null })
  if (isUnlimited) warn(unlimitedReplaced(ca))
  else if (isUsable) warn(namesAdded(ca, names))
  return { key, cert: readText(files.caCert)! }
}

async function permits(ca: X509Certificate, names: string[]): Promise<boolean> {
  const subtrees = await permittedSubtrees(ca)
  return subtrees !== null && names.every(name => isPermitted(name, subtrees))
}

function unlimitedReplaced({ subject }: X509Certificate): string {
  return `[certs] The local CA "${commonName(subject)}" could sign for any site, so it was replaced by one that can `
    + 'sign only for the names of this app. If you have trusted the old one: `npm run certs` says how to trust the new '
    + 'one, and `npm run certs -- --untrust` how to remove the old one, whose name you put into the commands.'
}

function namesAdded({ subject }: X509Certificate, names: string[]): string {
  return `[certs] The local CA "${commonName(subject)}" did not permit all of these names, so it was created again: `
    + `${names.join(', ')}. If you have trusted it, trust it again: \`npm run certs\` says how.`
}

function ensureKey(path: string): string {
  const found = readText(path) // Read once: a key that another process creates after this is kept.
  if (found && parseKey(found)) return found
  writeWhole(path, newKey(), 0o600, { keepExisting: found === null })
  return readText(path)!
}

/** Returns null if it is not a key that can be used here. */
function parseKey(text: string | null): KeyObject | null {
  try {
    const key = createPrivateKey(text ?? '')
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : null
  }
  catch {
    return null
  }
}

function parseCertificate(text: string | null): X509Certificate | null {
  try {
    return text ? new X509Certificate(text) : null
  }
  catch {
    return null
  }
}

/** Returns the name of a CA that this program has created. */
export function commonName(subject: string): string {
  return subject.replace(/^CN=/, '')
}

/** Returns whether the certificate is valid now and for longer than `spareMs`. */
function isCurrent(certificate: X509Certificate, now: Date, spareMs: number): boolean {
  return certificate.validFromDate <= now && certificate.validToDate.getTime() - now.getTime() > spareMs
}
