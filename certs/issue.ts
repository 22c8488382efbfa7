import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import type { Extension, JsonGeneralName } from '@peculiar/x509'
import { nameConstraints } from './constraints.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** 397 days: below the 398 that browsers allow for a public certificate, so no client finds it too long. */
export const LEAF_LIFETIME_MS = 397 * DAY_MS

/** Five years. It must outlive several server certificates: a new CA has to be trusted again manually. */
export const CA_LIFETIME_MS = 1826 * DAY_MS

/** Certificates start an hour in the past, so a client or container whose clock is slow accepts them immediately. */
const BACKDATE_MS = HOUR_MS

const SERIAL_BYTES = 8

/** A private key and its certificate, both PEM. */
export interface Issuer {
  key: string
  cert: string
}

/**
 * Creates an EC P-256 private key as PKCS#8 PEM. All clients have supported the curve for over a decade, and signing
 * is fast.
 */
export function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/**
 * Issues a CA certificate for `key`. It may sign only server certificates for `names` and the names below them, not
 * another CA.
 *
 * Its name ends with a part of the key's hash. If the CAs of two checkouts had the same name, clients that look up
 * issuers by name would try the wrong one. The name stays the same when the same key gets a new certificate.
 */
export async function issueCa(key: string, names: string[], now: Date): Promise<string> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension } = await load()
  const name = `CN=Cloakroom local CA ${fingerprintOf(key)}`
  return sign({ subject: name, issuer: name, key, signingKey: key, lifetimeMs: CA_LIFETIME_MS, now }, [
    new BasicConstraintsExtension(true, 0, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await nameConstraints(names),
  ])
}

/**
 * Issues a server certificate for `key` and `names`, signed by `ca`. Returns the whole chain, leaf first, as servers
 * have to send it.
 */
export async function issueLeaf(key: string, names: string[], ca: Issuer, now: Date): Promise<string> {
  const x509 = await load()
  const issuer = new x509.X509Certificate(ca.cert).subject
  const parties = { subject: `CN=${names[0]}`, issuer, key, signingKey: ca.key }
  const leaf = await sign({ ...parties, lifetimeMs: LEAF_LIFETIME_MS, now }, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(names.map(alternativeName)),
    await x509.AuthorityKeyIdentifierExtension.create(await publicKeyOf(ca.key)),
  ])
  return `${leaf}${ca.cert}`
}

interface Certificate {
  subject: string
  issuer: string
  key: string
  signingKey: string
  lifetimeMs: number
  now: Date
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

async function sign({ key, signingKey, lifetimeMs, now, ...names }: Certificate, extensions: Extension[]) {
  const { SubjectKeyIdentifierExtension, X509CertificateGenerator } = await load()
  const publicKey = await publicKeyOf(key)
  const notBefore = new Date(now.getTime() - BACKDATE_MS)
  const certificate = await X509CertificateGenerator.create({
    ...names,
    serialNumber: serialNumber(),
    notBefore,
    notAfter: new Date(notBefore.getTime() + lifetimeMs),
    publicKey,
    signingKey: await importKey(signingKey),
    signingAlgorithm: ALGORITHM,
    extensions: [...extensions, await SubjectKeyIdentifierExtension.create(publicKey)],
  })
  return `${certificate.toString('pem').trimEnd()}\n`
}

/** Loads the library only here: most starts find good files and sign nothing. */
function load(): Promise<typeof import('@peculiar/x509')> {
  return import('@peculiar/x509')
}

function alternativeName(name: string): JsonGeneralName {
  return { type: isIP(name) ? 'ip' : 'dns', value: name }
}

function importKey(privateKey: string): Promise<CryptoKey> {
  const der = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' })
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign'])
}

async function publicKeyOf(privateKey: string) {
  const { PublicKey } = await load()
  return new PublicKey(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }))
}

/** 64 random bits, positive and without leading zeros (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  return `01${randomBytes(SERIAL_BYTES).toString('hex')}`
}

function fingerprintOf(privateKey: string): string {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 8)
}
