import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { eventually } from '../support/eventually.ts'
import { call } from '../support/https.ts'
import { openSocket, readToEnd, sendRaw } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/limits.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const SEND_INTERVAL_MS = 50
const IDLE = rounds(300, 1000)

/**
 * Shorter than the defaults, so that the tests see the limits. Long enough for hundreds of handshakes on a busy
 * machine; the tests wait for them in parallel.
 */
const SHORT_TIMEOUTS = {
  NITRO_HANDSHAKE_TIMEOUT: '20000',
  NITRO_HEADERS_TIMEOUT: '10000',
  NITRO_REQUEST_TIMEOUT: '11000',
  NITRO_KEEP_ALIVE_TIMEOUT: '2000',
}

/** What each response to a broken request contains. */
const SECURED = [
  /^x-content-type-options: nosniff\r$/im,
  /^strict-transport-security: max-age=/im,
  /^content-security-policy: default-src 'none'; /im,
  /^connection: close\r$/im,
]
const ENCODINGS = ['gzip', 'br', 'deflate', 'gzip, identity', 'x']
const HOST = 'Host: localhost\r\n'
const GET_SESSION = `GET /api/_session HTTP/1.1\r\n${HOST}\r\n`
const TIMEOUT = 'HTTP/1.1 408 Request Timeout\r\n'

let server: BuiltServer

/**
 * Opens connections, sends the same bytes on each, then `repeated` again and again. Returns everything that is received
 * on each until the server closes it.
 */
function openMany(count: number, bytes: string, { plain = false, repeated = '' } = {}): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, async () => {
    const socket = await openSocket(server, { plain })
    const received = readToEnd(socket)
    if (bytes) socket.write(bytes)
    const send = () => socket.writable && socket.write(repeated)
    const timer = repeated ? setInterval(send, SEND_INTERVAL_MS) : undefined
    return received.finally(() => clearInterval(timer))
  }))
}

async function openOne(bytes: string, options?: { plain?: boolean }): Promise<string> {
  return (await openMany(1, bytes, options))[0]!
}

const exchange = async (bytes: string | Buffer) => (await sendRaw(server, bytes)).text

const isServing = async () => (await call(`${server.origin}/api/_session`)).status === 200

/** The beginning of a POST request by a page of the app, up to its body. */
function postHead(...headers: string[]): string {
  return [
    'POST /api/session HTTP/1.1',
    'Host: localhost',
    `Origin: ${server.origin}`,
    'Content-Type: application/json',
    ...headers,
    '',
    '',
  ].join('\r\n')
}

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the built server', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer(SHORT_TIMEOUTS)
  })

  afterEach(async () => expect(await isServing(), 'serving afterwards').toBe(true))

  afterAll(() => server?.dispose())

  describe.concurrent('closes', () => {
    it('200 connections that send their headers byte by byte, and serves others meanwhile', async () => {
      const closed = openMany(200, `GET / HTTP/1.1\r\n${HOST}X-Slow: `, { repeated: 'x' })
      expect(await isServing()).toBe(true)
      // A client that continues to write may lose the response to a reset; what counts is that the server closes.
      const responses = (await closed).filter(response => response !== '')
      expect(responses.filter(response => !response.startsWith(TIMEOUT))).toEqual([])
      for (const header of SECURED) expect(responses[0]).toMatch(header)
    })

    it('connections that send nothing', async () => {
      expect((await openMany(20, '')).filter(response => !response.startsWith(TIMEOUT))).toEqual([])
    })

    it(`${IDLE} connections that stay idle after a request`, async () => {
      const closed = openMany(IDLE, GET_SESSION)
      expect(await isServing()).toBe(true)
      const isSingle200 = (response: string) =>
        response.startsWith('HTTP/1.1 200 OK\r\n') && response.match(/HTTP\/1\.1/g)!.length === 1
      expect((await closed).filter(response => !isSingle200(response))).toEqual([])
    })

    it('500 connections that start no handshake, and serves others meanwhile', async () => {
      const closed = openMany(500, '', { plain: true })
      expect(await isServing()).toBe(true)
      expect(new Set(await closed)).toEqual(new Set(['']))
    })

    it('a connection that speaks plain HTTP, without a response', async () => {
      expect(await openOne(`GET / HTTP/1.1\r\n${HOST}\r\n`, { plain: true })).not.toContain('HTTP/')
    })

    it('a connection on which a thousand requests arrive at once, most of them without a response', async () => {
      const responses = await openOne(GET_SESSION.repeat(1000))
      expect(responses.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0).toBeLessThanOrEqual(16)
    })

    it('a request whose body does not arrive, with 408', async () => {
      const response = await openOne(`${postHead('Content-Length: 50')}{"session":`)
      expect(response).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    })
  })

  describe('sends one response and closes the connection', () => {
    it.each<[what: string, status: string, request: () => string]>([
      ['a length and chunks', '400 Bad Request', () => {
        return `${postHead('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`
      }],
      ['two lengths', '400 Bad Request', () => `${postHead('Content-Length: 5', 'Content-Length: 6')}hello!`],
      ['the same length twice', '400 Bad Request', () => `${postHead('Content-Length: 5', 'Content-Length: 5')}hello`],
      ['a list of lengths', '400 Bad Request', () => `${postHead('Content-Length: 5, 5')}hello`],
      ['an encoding after chunked', '400 Bad Request', () => {
        return `${postHead('Transfer-Encoding: chunked, identity')}0\r\n\r\n`
      }],
      ['an invalid chunk size', '400 Bad Request', () => `${postHead('Transfer-Encoding: chunked')}xyz\r\n`],
      ['a folded header', '400 Bad Request', () => `GET / HTTP/1.1\r\n${HOST}X-A: a\r\n b\r\n\r\n`],
      ['bare line feeds', '400 Bad Request', () => 'GET / HTTP/1.1\nHost: localhost\n\n'],
      ['a control character in a cookie', '400 Bad Request', () => {
        return `GET / HTTP/1.1\r\n${HOST}Cookie: __Host-session=\u0000\r\n\r\n`
      }],
      ['no Host', '400 Bad Request', () => 'GET / HTTP/1.1\r\n\r\n'],
      ['two Hosts', '400 Bad Request', () => `GET / HTTP/1.1\r\n${HOST}Host: evil.test\r\n\r\n`],
      ['a complete URL as path', '400 Bad Request', () => `GET https://evil.test/ HTTP/1.1\r\n${HOST}\r\n`],
      ['an unknown expectation', '417 Expectation Failed', () => `GET / HTTP/1.1\r\n${HOST}Expect: a miracle\r\n\r\n`],
      ['17 KB of cookies', '431 Request Header Fields Too Large', () => {
        return `GET / HTTP/1.1\r\n${HOST}Cookie: a=${'x'.repeat(17_000)}\r\n\r\n`
      }],
    ])('to a request with %s: %s', async (_, status, request) => {
      const response = await exchange(request())
      expect(response.slice(0, response.indexOf('\r\n'))).toBe(`HTTP/1.1 ${status}`)
      expect(response.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      for (const header of SECURED) expect(response).toMatch(header)
    })

    it('to a request for a host that the certificate does not name: 421', async () => {
      const response = await exchange('GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n')
      expect(response).toMatch(/^HTTP\/1\.1 421 Misdirected Request\r\n/)
    })

    it('to a body that is announced as too large, before it arrives: 413', async () => {
      const response = await exchange(postHead('Content-Length: 65537'))
      expect(response).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/)
      expect(response).toContain('"code": "too_large"')
    })

    it('to a body that exceeds the limit in chunks: 413', async () => {
      const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
      const response = await openOne(postHead('Transfer-Encoding: chunked') + chunk.repeat(5))
      expect(response).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/)
    })

    it('to a foreign page that waits for 100 Continue: 403, and no 100', async () => {
      const head = postHead('Content-Length: 1000', 'Expect: 100-continue')
      const response = await exchange(head.replace(server.origin, 'https://evil.test'))
      expect(response).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
      expect(response).toContain('"code": "cross_origin_refused"')
    })

    it('to its own page that waits for 100 Continue: 100, and then the response to the body', async () => {
      const head = postHead('Content-Length: 15', 'Expect: 100-continue')
      const response = await exchange(`${head}{"session":"x"}`)
      expect(response).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 401 Unauthorized\r\n/)
    })
  })

  it.each(ENCODINGS)('refuses a body with the encoding %s: 415', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(1_000_000, ' '))
    const head = postHead(`Content-Encoding: ${encoding}`, `Content-Length: ${bomb.length}`, 'Connection: close')
    const response = await exchange(Buffer.concat([Buffer.from(head), bomb]))
    expect(response).toMatch(/^HTTP\/1\.1 415 Unsupported Media Type\r\n/)
    expect(response).toMatch(/^accept-encoding: identity\r$/im)
    expect(response).toContain('"code": "unsupported_type"')
  })

  it('accepts a body with the encoding `identity`', async () => {
    const headers = { 'content-encoding': 'identity' }
    const response = await call(`${server.origin}/api/session`, { method: 'POST', json: { session: 'x' }, headers })
    expect(response.status).toBe(401)
  })

  it('reads "Transfer-Encoding: Chunked" as chunked', async () => {
    const head = postHead('Connection: close', 'Transfer-Encoding: Chunked')
    const response = await exchange(`${head}f\r\n{"session":"x"}\r\n0\r\n\r\n`)
    expect(response).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
  })
})

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a server that runs out of file descriptors', () => {
  it('continues to run, keeps its sessions, and serves again when some are free', async () => {
    await ensureCertificate()
    server = await startBuiltServer({ NITRO_HANDSHAKE_TIMEOUT: '1000' }, { files: 100 })
    try {
      const issued = await call(`${server.origin}/api/session`)
      expect(new Set(await openMany(200, '', { plain: true }))).toEqual(new Set(['']))
      const again = await call(`${server.origin}/api/session`, { cookie: issued.setCookie[0]!.split(';')[0] })
      expect([again.status, again.body]).toEqual([200, issued.body])
      expect(await server.stop()).toBe(0)
    }
    finally {
      await server.dispose()
    }
  })
})

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a server with as many connections as it accepts', () => {
  it('closes further ones immediately, and accepts others when one of them has ended', async () => {
    await ensureCertificate()
    server = await startBuiltServer({ NITRO_MAX_CONNECTIONS: '3' })
    try {
      const sockets = await Promise.all(Array.from({ length: 3 }, () => openSocket(server)))
      expect(await openOne('', { plain: true })).toBe('')
      const closed = once(sockets[0]!, 'close')
      sockets[0]!.end()
      await closed
      await eventually(async () => expect(await isServing()).toBe(true))
    }
    finally {
      await server.dispose()
    }
  })
})
