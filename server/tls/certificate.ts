import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { StartupError } from './settings.ts'
import type { CertificatePaths } from './settings.ts'

/** A certificate and key that match and that the server may use now. */
export interface CheckedPair {
  /** The file's text: the server's certificate, then its issuers. */
  cert: string
  key: string
  /** The server's own certificate, parsed. */
  leaf: X509Certificate
  /** A warning for the operator, although the pair is usable. */
  warning: string | null
}

const DAY_MS = 86_400_000
const WARN_DAYS = 14

/**
 * Reads the pair from its files and checks it: the server either uses a certificate that clients accept today, or
 * reports why it cannot. It does not check who issued the certificate: clients do that.
 *
 * @throws StartupError that names the variable, the file, the problem and the fix.
 */
export function readPair(paths: CertificatePaths, now: Date): CheckedPair {
  const certName = describe('NUXT_TLS_CERT', paths.cert, paths)
  const keyName = describe('NUXT_TLS_KEY', paths.key, paths)
  const cert = readPem(paths.cert, certName, paths)
  const key = readPem(paths.key, keyName, paths)
  const leaf = parseCertificate(cert, certName)
  const privateKey = parseKey(key, keyName, paths.key)
  if (!leaf.checkPrivateKey(privateKey)) throw mismatch(cert, privateKey, certName, keyName)
  checkDates(leaf, certName, paths, now)
  checkUsable(cert, key, certName)
  return { cert, key, leaf, warning: expiryWarning(leaf, certName, now) }
}

function describe(variable: string, path: string, { local }: CertificatePaths): string {
  return local ? `${path} (the default of ${variable})` : `${variable} (${path})`
}

function readPem(path: string, name: string, { local }: CertificatePaths): string {
  try {
    return readFileSync(path, 'utf8')
  }
  catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (local && code === 'ENOENT') {
      throw new StartupError(
        `There is no certificate: ${name} does not exist, so run \`npm run certs\` for a local one, or set `
        + `NUXT_TLS_CERT and NUXT_TLS_KEY to the paths of yours.`,
      )
    }
    throw new StartupError(`${name} cannot be read (${code}): correct the path, or let the server's user read the `
      + `file.`)
  }
}

function parseCertificate(pem: string, name: string): X509Certificate {
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    const cure = pem.includes('PRIVATE KEY-----')
      ? 'it is a private key, so the two variables may be swapped'
      : 'give the chain as PEM (openssl x509 -inform der -in FILE converts a binary one)'
    throw new StartupError(`${name} holds no PEM certificate: ${cure}.`)
  }
  try {
    return new X509Certificate(pem)
  }
  catch {
    throw new StartupError(`${name} holds a PEM certificate that cannot be parsed: the file is damaged, so install it `
      + `again.`)
  }
}

function parseKey(pem: string, name: string, path: string): KeyObject {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    throw new StartupError(`${name} is encrypted, and the server cannot ask for its passphrase: decrypt it with `
      + `openssl pkey -in ${path} -out FILE.`)
  }
  if (!pem.includes('PRIVATE KEY-----')) {
    const cure = pem.includes('-----BEGIN CERTIFICATE-----')
      ? 'it is a certificate, so the two variables may be swapped'
      : 'give the key as PEM (openssl pkey -inform der -in FILE converts a binary one)'
    throw new StartupError(`${name} holds no PEM private key: ${cure}.`)
  }
  try {
    return createPrivateKey(pem)
  }
  catch {
    throw new StartupError(`${name} holds a PEM private key that cannot be parsed: the file is damaged, so install it `
      + `again.`)
  }
}

function mismatch(chain: string, key: KeyObject, certName: string, keyName: string): StartupError {
  const others = chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)?.slice(1) ?? []
  const isLater = others.some(pem => belongsTo(pem, key))
  return new StartupError(isLater
    ? `${certName} has its certificates in the wrong order: put the server's own first, then its issuers.`
    : `${keyName} is not the key of ${certName}: give the two files that were issued together.`)
}

/** A damaged certificate belongs to no key. */
function belongsTo(pem: string, key: KeyObject): boolean {
  try {
    return new X509Certificate(pem).checkPrivateKey(key)
  }
  catch {
    return false
  }
}

function checkDates(leaf: X509Certificate, name: string, { local, allowExpired }: CertificatePaths, now: Date): void {
  if (now < leaf.validFromDate) {
    throw new StartupError(`${name} is not valid before ${leaf.validFromDate.toISOString()}: set this machine's clock, `
      + `or wait.`)
  }
  if (now > leaf.validToDate && !allowExpired) {
    const cure = local ? 'run `npm run certs`' : 'renew it'
    throw new StartupError(`${name} ended on ${day(leaf)}: ${cure}, or set NUXT_TLS_ALLOW_EXPIRED=1 to serve it all `
      + `the same for now.`)
  }
}

/** OpenSSL decides last: for example, it refuses keys that are too short to be safe. */
function checkUsable(cert: string, key: string, name: string): void {
  try {
    createSecureContext({ cert, key })
  }
  catch (error) {
    throw new StartupError(`${name} is refused by OpenSSL (${(error as Error).message}): have one issued with an EC `
      + `P-256 or RSA 2048 key.`)
  }
}

function expiryWarning(leaf: X509Certificate, name: string, now: Date): string | null {
  const daysLeft = (leaf.validToDate.getTime() - now.getTime()) / DAY_MS
  if (daysLeft >= WARN_DAYS) return null
  if (daysLeft < 0) return `${name} ended on ${day(leaf)} and is served because of NUXT_TLS_ALLOW_EXPIRED: clients `
    + `will refuse it.`
  return `${name} ends in ${Math.floor(daysLeft)} days, on ${day(leaf)}: renew it, then send SIGHUP.`
}

function day(leaf: X509Certificate): string {
  return leaf.validToDate.toISOString().slice(0, 10)
}
