import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { subjectNames } from '../server/tls/subject-names.ts'
import { certificateFiles, readText, writeWhole } from './files.ts'
import type { CertificateFiles } from './files.ts'
import { LEAF_LIFETIME_MS, issueCa, issueLeaf, newKey } from './issue.ts'
import type { Issuer } from './issue.ts'
import { parseTlsNames } from './names.ts'

/** How a certificate is asked for. Everything has a default. */
export interface CertificateOptions {
  /** Where the files live: the `certs` folder by default. */
  folder?: string
  /** Extra names, as in `NUXT_TLS_NAMES`, which is the default. */
  names?: string
  now?: Date
  /** Makes a new server certificate even if the present one is good. */
  force?: boolean
}

/** A certificate is made again when it has this long to live, or less. */
export const RENEW_BEFORE_MS = 30 * 24 * 3_600_000

const ATTEMPTS = 5

/**
 * The paths of a private key and certificate for local HTTPS, as `devServer.https` of nuxt.config takes them.
 *
 * Cheap when the files are good: it reads four small files and signs nothing. See `ensureCertificate` for what it
 * makes, and when.
 */
export async function devCertificate(options: CertificateOptions = {}): Promise<{ key: string, cert: string }> {
  const { key, cert } = await ensureCertificate(options)
  return { key, cert }
}

/**
 * Creates the files that are missing, damaged, for other names or about to expire, and keeps the others. The CA is kept
 * while it is valid longer than a new server certificate, so that a developer has to trust it only once. Keys are never
 * replaced while they are usable.
 *
 * Several processes may do this at the same time without a lock. A key is created only if there is none, so every
 * process writes certificates for the same key, and each checks the files again afterwards.
 *
 * @throws Error if `NUXT_TLS_NAMES` is wrong, or files have to be made and cannot be written.
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
  const found = readText(path) // Once: a key that another process makes from here on is one to keep.
  if (found && parseKey(found)) return found
  writeWhole(path, newKey(), 0o600, { keepExisting: found === null })
  return readText(path)!
}

/** Null if it is no key that can be used here. */
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

/** Valid now, and for longer than `spareMs` from now. */
function isCurrent(certificate: X509Certificate, now: Date, spareMs: number): boolean {
  return certificate.validFromDate <= now && certificate.validToDate.getTime() - now.getTime() > spareMs
}
