import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../../certs/certificate.ts'
import type { CertificateFiles } from '../../../certs/files.ts'
import { hasOpenssl, openssl } from '../../support/openssl.ts'

let folder: string
let files: CertificateFiles

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-certs-'))
  files = await ensureCertificate({ folder, names: 'app.test,*.wild.test,10.0.0.7' })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!hasOpenssl())('openssl', () => {
  const verify = (...options: string[]) =>
    openssl('verify', '-CAfile', files.caCert, '-purpose', 'sslserver', ...options, files.cert)

  it.each(['localhost', 'app.test', 'a.wild.test'])('accepts the certificate for %s', (name) => {
    expect(verify('-verify_hostname', name)).toContain(': OK')
  })

  it.each(['127.0.0.1', '::1', '10.0.0.7'])('accepts the certificate for %s', (address) => {
    expect(verify('-verify_ip', address)).toContain(': OK')
  })

  it('refuses it for another name, and without the CA', () => {
    expect(() => verify('-verify_hostname', 'evil.test')).toThrow('hostname mismatch')
    expect(() => openssl('verify', files.cert)).toThrow('unable to get local issuer certificate')
  })

  it('finds the CA limited to signing server certificates, and the server certificate to serving', () => {
    const ca = openssl('x509', '-in', files.caCert, '-noout', '-ext', 'basicConstraints,keyUsage')
    expect(ca).toMatch(
      /Basic Constraints: critical\s+CA:TRUE, pathlen:0\s+X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign/,
    )
    const leaf = openssl('x509', '-in', files.cert, '-noout', '-ext', 'basicConstraints,keyUsage,extendedKeyUsage')
    expect(leaf).toMatch(/Basic Constraints: critical\s+CA:FALSE\s+X509v3 Key Usage: critical\s+Digital Signature/)
    expect(leaf).toMatch(/Digital Signature\s+X509v3 Extended Key Usage:\s+TLS Web Server Authentication/)
  })
})

describe('a Node client', () => {
  let server: Server

  beforeAll(async () => {
    server = createServer({ key: readFileSync(files.key), cert: readFileSync(files.cert) }, (_, response) =>
      response.end('ok'),
    )
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })

  afterAll(() => void server.close())

  const handshake = async (servername: string, ca?: string) => {
    const { port } = server.address() as AddressInfo
    const socket = connect({ host: '127.0.0.1', port, servername, ca })
    try {
      await once(socket, 'secureConnect')
      return socket.authorized
    }
    finally {
      socket.destroy()
    }
  }

  it('that trusts the CA accepts the certificate for its names', async () => {
    const ca = readFileSync(files.caCert, 'utf8')
    expect(await handshake('localhost', ca)).toBe(true)
    expect(await handshake('app.test', ca)).toBe(true)
  })

  it('that trusts the CA refuses it for another name', async () => {
    await expect(handshake('evil.test', readFileSync(files.caCert, 'utf8'))).rejects.toThrow(
      'does not match certificate\'s altnames',
    )
  })

  it('that does not trust the CA refuses it', async () => {
    await expect(handshake('localhost')).rejects.toThrow(/self-signed certificate in certificate chain|unable to/)
  })
})
