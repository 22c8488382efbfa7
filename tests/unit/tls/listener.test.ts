import { execFile, spawnSync } from 'node:child_process'
import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:https'
import { Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createListener, originsOf, secureContext } from '../../../server/tls/listener.ts'
import { issuePair } from './pairs.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

const LIMITS = {
  maxConnections: 7,
  timeouts: { handshake: 10_000, headers: 11_000, request: 12_000, keepAlive: 13_000 },
}

const checked = ({ cert, key }: { cert: string, key: string }) => ({
  cert,
  key,
  leaf: new X509Certificate(cert),
  warning: null,
})

/** An RSA pair: with such a key, OpenSSL also has suites without forward secrecy to offer. */
async function rsaPair() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keyPair = {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
  const { cert } = await generate([{ name: 'commonName', value: 'localhost' }], { keyPair, algorithm: 'sha256' })
  return { cert, key: keyPair.privateKey, ca: cert }
}

describe('createListener', () => {
  it('speaks HTTP without a pair, and HTTPS with one', async () => {
    expect(createListener(null, LIMITS)).not.toBeInstanceOf(HttpsServer)
    expect(createListener(checked(await issuePair()), LIMITS)).toBeInstanceOf(HttpsServer)
  })

  it('limits time and number in both', async () => {
    for (const server of [createListener(null, LIMITS), createListener(checked(await issuePair()), LIMITS)]) {
      expect(server).toMatchObject({
        headersTimeout: 11_000,
        requestTimeout: 12_000,
        keepAliveTimeout: 13_000,
        maxConnections: 7,
        maxHeaderSize: 16_384,
      })
    }
  })
})

describe.each([
  ['EC', issuePair],
  ['RSA', rsaPair],
])('TLS with an %s key', (_, makePair) => {
  let server: Server
  let ca: string

  beforeAll(async () => {
    const pair = await makePair()
    ca = pair.ca
    server = createListener(checked(pair), LIMITS) as Server
    server.setSecureContext(secureContext(pair)) // As a reload does: the limits must hold afterwards too.
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })

  afterAll(() => void server.close())

  async function handshake(options: ConnectionOptions) {
    const { port } = server.address() as AddressInfo
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ...options })
    try {
      await once(socket, 'secureConnect')
      return { authorized: socket.authorized, protocol: socket.getProtocol() }
    }
    finally {
      socket.destroy()
    }
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    expect(await handshake({ minVersion: version, maxVersion: version })).toEqual({
      authorized: true,
      protocol: version,
    })
  })

  it.each(['TLSv1', 'TLSv1.1'] as const)('refuses %s (T1)', async (version) => {
    await expect(handshake({ minVersion: version, maxVersion: version, ciphers: 'ALL@SECLEVEL=0' })).rejects.toThrow(
      /alert protocol version/,
    )
  })

  it.each([
    ['no forward secrecy', 'AES128-GCM-SHA256:AES256-SHA256:AES128-SHA'],
    ['CBC', 'ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA'],
    ['no encryption', 'NULL@SECLEVEL=0'],
    ['no authentication', 'aNULL@SECLEVEL=0'],
  ])('refuses suites with %s', async (_, ciphers) => {
    await expect(handshake({ maxVersion: 'TLSv1.2', ciphers })).rejects.toThrow(/handshake failure/)
  })
})

describe('an open connection', () => {
  let server: Server
  let ca: string

  beforeAll(async () => {
    const pair = await issuePair()
    ca = pair.ca
    server = createListener(checked(pair), LIMITS) as Server
    server.on('request', (_, response) => response.end('ok'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
  })

  afterAll(() => void server.close())

  it('is not negotiated anew (T5)', async () => {
    const { port } = server.address() as AddressInfo
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, maxVersion: 'TLSv1.2' })
    await once(socket, 'secureConnect')
    const closed = once(socket, 'close')
    socket.renegotiate({}, () => {})
    await expect(closed).rejects.toThrow(/no renegotiation/)
  })

  it.skipIf(!hasOpenssl)('gives tickets that take no early data, which could be replayed (T5)', async () => {
    const { port } = server.address() as AddressInfo
    const client = execFile('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_3', '-ign_eof'])
    client.stdin!.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const output = await text(client.stdout!)
    expect(output).toContain('200 OK')
    expect(output.match(/Max Early Data: .*/g)).toEqual(['Max Early Data: 0', 'Max Early Data: 0'])
  })
})

describe('originsOf', () => {
  it('gives one origin for each name, addresses in brackets, wildcards left out', async () => {
    const pair = checked(await issuePair(['localhost', '*.app.test', '127.0.0.1', '::1']))
    expect(originsOf(pair, 3000)).toEqual(['https://localhost:3000', 'https://127.0.0.1:3000', 'https://[::1]:3000'])
  })

  it('leaves out the port that browsers leave out', async () => {
    expect(originsOf(checked(await issuePair(['app.test'])), 443)).toEqual(['https://app.test'])
  })
})
