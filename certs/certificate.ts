import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { subjectNames } from '../server/tls/subject-names.ts'
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
}

/** A certificate is replaced when its remaining lifetime is this long or shorter. */
export const RENEW_BEFORE_MS = 30 * 24 * 3_600_000

const ATTEMPTS = 5

/**
 * Returns the paths of a private key and certificate for local HTTPS, as `devServer.https` in nuxt.config takes them.
 *
 * Cheap if the files are good: it reads three small files and signs nothing. See `ensureCertificate` for what it
 * creates, and when.
 */
export async function devCertificate(options: CertificateOptions = {}): Promise<{ key: string, cert: string }> {
  const { key, cert } = await ensureCertificate(options)
  return { key, cert }
}

/**
 * Creates the files that are missing, damaged, for other names or about to expire, and keeps the others. The CA is
 * kept while it is valid longer than a new server certificate, so a developer has to trust it only once. Keys are
 * never replaced while they are usable.
 *
 * Several processes may do this at the same time without a lock. A key is created only if there is none, so every
 * process writes certificates for the same key, and each checks the files again afterwards.
 *
 * @throws Error if `NUXT_TLS_NAMES` is invalid, or if files are needed and cannot be written.
 */
export async function ensureCertificate(options: CertificateOptions = {}): Promise<CertificateFiles> {
  const { names = process.env.NUXT_TLS_NAMES, now = new Date(), force = false } = options
  const files = certificateFiles(options.folder)
  const wanted = parseTlsNames(names)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!(force && attempt === 0) && isGood(files, wanted, now)) return files
    await make(files, wanted, now)
  }
  throw new Error(
    `[certs] ${files.cert} is still not good after ${ATTEMPTS} attempts: another program keeps changing `
    + `the files beside it.`,
  )
}

function isGood(files: CertificateFiles, names: string[], now: Date): boolean {
  const [caCert, chain] = [readText(files.caCert), readText(files.cert)]
  const [ca, leaf, key] = [parseCertificate(caCert), parseCertificate(chain), parseKey(readText(files.key))]
  if (!caCert || !chain || !ca || !leaf || !key) return false
  return (
    leaf.checkPrivateKey(key)
    && leaf.checkIssued(ca)
    && leaf.verify(ca.publicKey)
    && chain.endsWith(caCert)
    && isCurrent(leaf, now, RENEW_BEFORE_MS)
    && subjectNames(leaf).sort().join() === names.toSorted().join()
  )
}

async function make(files: CertificateFiles, names: string[], now: Date): Promise<void> {
  const ca = await ensureCa(files, now)
  const key = ensureKey(files.key)
  writeWhole(files.cert, await issueLeaf(key, names, ca, now), 0o644)
}

async function ensureCa(files: CertificateFiles, now: Date): Promise<Issuer> {
  const key = ensureKey(files.caKey)
  const found = readText(files.caCert)
  const ca = parseCertificate(found)
  if (found && ca?.ca && ca.checkPrivateKey(createPrivateKey(key)) && isCurrent(ca, now, LEAF_LIFETIME_MS))
    return { key, cert: found }
  writeWhole(files.caCert, await issueCa(key, now), 0o644, { keepExisting: found === null })
  return { key, cert: readText(files.caCert)! }
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

/** Returns whether the certificate is valid now and for longer than `spareMs`. */
function isCurrent(certificate: X509Certificate, now: Date, spareMs: number): boolean {
  return certificate.validFromDate <= now && certificate.validToDate.getTime() - now.getTime() > spareMs
}
