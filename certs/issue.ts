import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { isIP } from 'node:net'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** 397 days: below the 398 that browsers allow for a public certificate, so no client finds it too long. */
export const LEAF_LIFETIME_MS = 397 * DAY_MS

/** Five years. It must outlive several server certificates: a new CA has to be trusted again manually. */
export const CA_LIFETIME_MS = 1826 * DAY_MS

/** Certificates start an hour in the past, so a client or container whose clock is slow accepts them immediately. */
const BACKDATE_MS = HOUR_MS

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
 * Issues a CA certificate for `key`. It may sign only server certificates, not another CA.
 *
 * Its name ends with a part of the key's hash. If the CAs of two checkouts had the same name, clients that look up
 * issuers by name would try the wrong one. The name stays the same when the same key gets a new certificate.
 */
export function issueCa(key: string, now: Date): Promise<string> {
  return sign(`Cloakroom local CA ${fingerprintOf(key)}`, key, now, CA_LIFETIME_MS, [
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
  ])
}

/**
 * Issues a server certificate for `key` and `names`, signed by `ca`. Returns the whole chain, leaf first, as servers
 * have to send it.
 */
export async function issueLeaf(key: string, names: string[], ca: Issuer, now: Date): Promise<string> {
  const leaf = await sign(
    names[0]!,
    key,
    now,
    LEAF_LIFETIME_MS,
    [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map(name => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
    ca,
  )
  return `${leaf.trimEnd()}\n${ca.cert}`
}

type Extensions = NonNullable<NonNullable<Parameters<typeof import('selfsigned').generate>[1]>['extensions']>

/** Loads `selfsigned` only here: it takes 0.2 s, and most starts find good files and sign nothing. */
async function sign(
  commonName: string,
  privateKey: string,
  now: Date,
  lifetimeMs: number,
  extensions: Extensions,
  ca?: Issuer,
) {
  const { generate } = await import('selfsigned')
  const notBeforeDate = new Date(now.getTime() - BACKDATE_MS)
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  const { cert } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    keyPair: { privateKey, publicKey },
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + lifetimeMs),
    extensions,
    ca,
  })
  return cert.trimEnd() + '\n'
}

function fingerprintOf(privateKey: string): string {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 8)
}
