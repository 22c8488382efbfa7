import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { isIP } from 'node:net'
import { connect, createServer } from 'node:tls'
import { BasicConstraintsExtension, Extension, PublicKey, X509CertificateGenerator } from '@peculiar/x509'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../../certs/certificate.ts'
import { nameConstraints, permittedSubtrees } from '../../../certs/constraints.ts'
import { certificateFiles } from '../../../certs/files.ts'
import { issueLeaf, newKey } from '../../../certs/issue.ts'
import { LOCAL_NAMES } from '../../../certs/names.ts'
import { makeDirectory } from '../../support/directory'
import { hasOpenssl, openssl } from '../../support/openssl'

const PERMITTED = [
  'localhost', 'app.localhost', 'a.b.localhost', '127.0.0.1', '::1',
  'app.test', 'api.app.test', 'x.wild.test', '10.0.0.7', 'fd00::7',
]
const FORBIDDEN = [
  'evil.test', 'test', 'localhost.evil.test', 'evillocalhost', 'notapp.test', '127.0.0.2', '10.0.0.8', '::2', 'fd00::8',
]
const NAMES = 'app.test,*.wild.test,10.0.0.7,fd00::7'
const DAY_MS = 24 * 3_600_000

const directory = makeDirectory()
const files = () => certificateFiles(directory.path('certs'))
const read = (name: 'caCert' | 'caKey' | 'cert') => readFileSync(files()[name], 'utf8')
const issuer = () => ({ key: read('caKey'), cert: read('caCert') })
let warnings: string[]

beforeEach(() => {
  warnings = []
})

afterEach(() => directory.remove())

function ensure(names = '') {
  return ensureCertificate({ folder: directory.path('certs'), names, warn: message => warnings.push(message) })
}

/** Returns a certificate that the CA should not have signed, as a thief of its key could. */
async function signed(name: string) {
  const key = newKey()
  return { key, cert: await issueLeaf(key, ['localhost', name], issuer(), new Date()) }
}

/** Replaces the CA by one of the same key, with these constraints or none, as older versions have created it. */
async function replaceCa(...extensions: Extension[]) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const der = createPrivateKey(read('caKey')).export({ type: 'pkcs8', format: 'der' })
  const ca = await X509CertificateGenerator.create({
    subject: 'CN=Old CA',
    issuer: 'CN=Old CA',
    notAfter: new Date(Date.now() + 1000 * DAY_MS),
    publicKey: new PublicKey(createPublicKey(read('caKey')).export({ type: 'spki', format: 'der' })),
    signingKey: await crypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, 0, true), ...extensions],
  })
  writeFileSync(files().caCert, `${ca.toString('pem').trimEnd()}\n`)
  writeFileSync(files().cert, await issueLeaf(readFileSync(files().key, 'utf8'), LOCAL_NAMES, issuer(), new Date()))
}

/** Resolves if a Node client that trusts the CA accepts the certificate for this name. */
async function handshake({ key, cert }: { key: string, cert: string }, name: string) {
  const server = createServer({ key, cert }).on('tlsClientError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const identity = isIP(name) ? { checkServerIdentity: () => undefined } : { servername: name }
  const socket = connect({ host: '127.0.0.1', port, ca: read('caCert'), ...identity })
  try {
    await once(socket, 'secureConnect')
  }
  finally {
    socket.destroy()
    server.close()
  }
}

describe('a certificate that the local CA has signed', () => {
  it.each(PERMITTED)('is accepted by Node for %s, which the CA permits', async (name) => {
    await ensure(NAMES)
    await handshake(await signed(name), name)
  })

  it.each(FORBIDDEN)('is refused by Node for %s, which the CA does not permit', async (name) => {
    await ensure(NAMES)
    await expect(handshake(await signed(name), name)).rejects.toThrow('permitted subtree violation')
  })

  it.skipIf(!hasOpenssl()).each([
    ...PERMITTED.map(name => [name, 'accepted'] as const),
    ...FORBIDDEN.map(name => [name, 'refused'] as const),
  ])('for %s is %s by openssl, with strict checks', async (name, verdict) => {
    await ensure(NAMES)
    const path = directory.path('leaf.pem')
    writeFileSync(path, (await signed(name)).cert)
    const verify = () => openssl('verify', '-x509_strict', '-CAfile', files().caCert, path)
    if (verdict === 'accepted') expect(verify()).toContain(': OK')
    else expect(verify).toThrow('permitted subtree violation')
  })
})

describe('a CA without name constraints', () => {
  it('is replaced by one with another key that permits only these names, and a sentence says so', async () => {
    await ensure()
    await replaceCa()
    const before = { key: read('caKey'), ca: new X509Certificate(read('caCert')) }
    await ensure()
    expect(read('caKey')).not.toBe(before.key)
    const after = new X509Certificate(read('caCert'))
    expect(after.subject).not.toBe(before.ca.subject)
    expect(await permittedSubtrees(after)).toEqual(['localhost', '127.0.0.1/32', '::1/128'])
    expect(warnings).toEqual([expect.stringMatching(
      /^\[certs\] The local CA "Old CA" could sign for any site, so it was replaced .* trusted the old one: `npm run /,
    )])
    await ensure()
    expect(warnings).toHaveLength(1)
  })

  it.each([
    ['limits only DNS names', ['localhost']],
    ['limits only addresses', ['127.0.0.1', '::1']],
  ])('counts as such if it %s', async (_, names) => {
    await ensure()
    await replaceCa(await nameConstraints(names))
    await ensure()
    expect(warnings).toHaveLength(1)
    await expect(handshake(await signed('evil.test'), 'evil.test')).rejects.toThrow()
    await expect(handshake(await signed('10.0.0.1'), '10.0.0.1')).rejects.toThrow()
  })

  it('counts as such if the constraints are not critical, so that a client may ignore them', async () => {
    await ensure()
    const { type, value } = await nameConstraints(LOCAL_NAMES)
    await replaceCa(new Extension(type, false, value))
    await ensure()
    expect(warnings).toHaveLength(1)
  })

  it('is replaced once by several at the same time, with files that fit', async () => {
    await ensure()
    await replaceCa()
    await Promise.all(Array.from({ length: 8 }, () => ensure()))
    const [ca, leaf] = [new X509Certificate(read('caCert')), new X509Certificate(read('cert'))]
    expect(ca.checkPrivateKey(createPrivateKey(read('caKey')))).toBe(true)
    expect(leaf.verify(ca.publicKey)).toBe(true)
    expect(await permittedSubtrees(ca)).not.toBeNull()
  })
})

describe('a name that the CA does not permit', () => {
  it('makes a new certificate of the CA, with the same key and name, and a sentence says so', async () => {
    await ensure()
    const before = { key: read('caKey'), ca: new X509Certificate(read('caCert')) }
    await ensure('app.test')
    const after = new X509Certificate(read('caCert'))
    expect(read('caKey')).toBe(before.key)
    expect(after.subject).toBe(before.ca.subject)
    expect(after.serialNumber).not.toBe(before.ca.serialNumber)
    expect(warnings).toEqual([expect.stringMatching(/did not permit all of these names.*app\.test.*trust it again/)])
  })
})
