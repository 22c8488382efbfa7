import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call } from '../support/https.ts'
import { openSocket, readToEnd, sendRaw } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/soak.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const DRIP_MS = 50
const IDLE = rounds(300, 1000)

/** Seconds instead of half a minute: what is tested is that there is an end. Long enough for hundreds of handshakes on a busy machine; the tests wait for them together. */
const IMPATIENT = { NITRO_HANDSHAKE_TIMEOUT: '20000', NITRO_HEADERS_TIMEOUT: '10000', NITRO_REQUEST_TIMEOUT: '11000', NITRO_KEEP_ALIVE_TIMEOUT: '2000' }

const SECURED = [/^x-content-type-options: nosniff\r$/im, /^strict-transport-security: max-age=/im, /^content-security-policy: default-src 'none'; /im, /^connection: close\r$/im]

let server: BuiltServer

/** Opens connections, sends the same on each, then `drip` again and again, and returns all that comes back on them until the server closes them. */
function openMany(count: number, bytes: string, { plain = false, drip = '' } = {}): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, async () => {
    const socket = await openSocket(server, { plain })
    const answer = readToEnd(socket)
    if (bytes) socket.write(bytes)
    const dripping = drip && setInterval(() => socket.writable && socket.write(drip), DRIP_MS)
    return answer.finally(() => clearInterval(dripping || undefined))
  }))
}

const exchange = async (bytes: string | Buffer) => (await sendRaw(server, bytes)).text

const isServing = async () => (await call(`${server.origin}/api/_session`)).status === 200

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the built server', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer(IMPATIENT)
  })

  afterEach(async () => expect(await isServing(), 'serving afterwards').toBe(true))

  afterAll(() => server?.dispose())

  describe.concurrent('closes', () => {
    it('200 connections that send their headers byte by byte, and serves others meanwhile (D12)', async () => {
      const ends = openMany(200, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ', { drip: 'x' })
      expect(await isServing()).toBe(true)
      const answers = await ends
      // A client that goes on writing may lose the answer to a reset; that it is closed is what counts.
      const told = answers.filter(answer => answer !== '')
      expect(told.filter(answer => !answer.startsWith('HTTP/1.1 408 Request Timeout\r\n'))).toEqual([])
      for (const header of SECURED) expect(told[0]).toMatch(header)
    })

    it('connections that never say anything', async () => {
      expect((await openMany(20, '')).filter(answer => !answer.startsWith('HTTP/1.1 408 Request Timeout\r\n'))).toEqual([])
    })

    it(`${IDLE} connections that stay idle after a request (D13)`, async () => {
      const ends = openMany(IDLE, 'GET /api/_session HTTP/1.1\r\nHost: localhost\r\n\r\n')
      expect(await isServing()).toBe(true)
      expect((await ends).filter(answer => !answer.startsWith('HTTP/1.1 200 OK\r\n') || answer.match(/HTTP\/1\.1/g)!.length > 1)).toEqual([])
    })

    it('500 connections that begin no handshake, and serves others meanwhile (T7)', async () => {
      const ends = openMany(500, '', { plain: true })
      expect(await isServing()).toBe(true)
      expect(new Set(await ends)).toEqual(new Set(['']))
    })

    it('a connection that speaks plain HTTP, without an answer (T4)', async () => {
      expect((await openMany(1, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', { plain: true })).join()).not.toContain('HTTP/')
    })

    it('a connection on which a thousand requests come at once, most of them unanswered', async () => {
      const answers = (await openMany(1, 'GET /api/_session HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1000)))[0]!
      expect(answers.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0).toBeLessThanOrEqual(16)
    })

    it('a request whose body does not come, with 408 (D3)', async () => {
      const request = `POST /api/session HTTP/1.1\r\nHost: localhost\r\nOrigin: ${server.origin}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"session":`
      expect((await openMany(1, request))[0]).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/)
    })
  })

  describe('answers once, and closes:', () => {
    const json = (more: string, body = '') => `POST /api/session HTTP/1.1\r\nHost: localhost\r\nOrigin: ${server.origin}\r\nContent-Type: application/json\r\n${more}\r\n\r\n${body}`

    it.each<[string, string, () => string]>([
      ['a length and chunks (D10)', '400 Bad Request', () => json('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
      ['two lengths (D10)', '400 Bad Request', () => json('Content-Length: 5\r\nContent-Length: 6', 'hello!')],
      ['the same length twice (D10)', '400 Bad Request', () => json('Content-Length: 5\r\nContent-Length: 5', 'hello')],
      ['a list of lengths (D10)', '400 Bad Request', () => json('Content-Length: 5, 5', 'hello')],
      ['an encoding after chunked (D10)', '400 Bad Request', () => json('Transfer-Encoding: chunked, identity', '0\r\n\r\n')],
      ['a chunk size that is no number (D10)', '400 Bad Request', () => json('Transfer-Encoding: chunked', 'xyz\r\n')],
      ['a folded header (D10)', '400 Bad Request', () => 'GET / HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b\r\n\r\n'],
      ['bare line feeds (D10)', '400 Bad Request', () => 'GET / HTTP/1.1\nHost: localhost\n\n'],
      ['a control character in a cookie (A26)', '400 Bad Request', () => 'GET / HTTP/1.1\r\nHost: localhost\r\nCookie: __Host-session=\u0000\r\n\r\n'],
      ['no Host', '400 Bad Request', () => 'GET / HTTP/1.1\r\n\r\n'],
      ['two Hosts', '400 Bad Request', () => 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n\r\n'],
      ['a whole URL for a path', '400 Bad Request', () => 'GET https://evil.test/ HTTP/1.1\r\nHost: localhost\r\n\r\n'],
      ['an expectation that nobody can meet', '417 Expectation Failed', () => 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: a miracle\r\n\r\n'],
      ['17 KB of cookies (A15)', '431 Request Header Fields Too Large', () => `GET / HTTP/1.1\r\nHost: localhost\r\nCookie: a=${'x'.repeat(17_000)}\r\n\r\n`],
    ])('%s: %s', async (_, status, request) => {
      const answer = await exchange(request())
      expect(answer.slice(0, answer.indexOf('\r\n'))).toBe(`HTTP/1.1 ${status}`)
      expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      for (const header of SECURED) expect(answer).toMatch(header)
    })

    it('another host than the certificate\'s: 421 (T6)', async () => {
      expect(await exchange('GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n')).toMatch(/^HTTP\/1\.1 421 Misdirected Request\r\n/)
    })

    it('a body that is too large by its own account, before it comes: 413 (D1)', async () => {
      const answer = await exchange(json('Content-Length: 65537'))
      expect(answer).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/)
      expect(answer).toContain('"code": "too_large"')
    })

    it('a body that grows beyond the limit in chunks: 413 (D2)', async () => {
      const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`
      expect((await openMany(1, json('Transfer-Encoding: chunked', chunk.repeat(5))))[0]).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/)
    })

    it('a foreign page that waits for 100 Continue: 403, and no 100 (D16)', async () => {
      const answer = await exchange('POST /api/session HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.test\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n')
      expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
      expect(answer).toContain('"code": "cross_origin_refused"')
    })

    it('an own page that waits for 100 Continue: 100, and then what the body deserves', async () => {
      expect(await exchange(json('Content-Length: 15\r\nExpect: 100-continue', '{"session":"x"}'))).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 401 Unauthorized\r\n/)
    })
  })

  it.each(['gzip', 'br', 'deflate', 'gzip, identity', 'x'])('takes no body in the encoding %s: 415 (D14)', async (encoding) => {
    const bomb = gzipSync(Buffer.alloc(1_000_000, ' '))
    const head = `POST /api/session HTTP/1.1\r\nHost: localhost\r\nOrigin: ${server.origin}\r\nContent-Type: application/json\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${bomb.length}\r\nConnection: close\r\n\r\n`
    const answer = await exchange(Buffer.concat([Buffer.from(head), bomb]))
    expect(answer).toMatch(/^HTTP\/1\.1 415 Unsupported Media Type\r\n/)
    expect(answer).toMatch(/^accept-encoding: identity\r$/im)
    expect(answer).toContain('"code": "unsupported_type"')
  })

  it('reads a body that says it is not encoded', async () => {
    const answer = await call(`${server.origin}/api/session`, { method: 'POST', json: { session: 'x' }, headers: { 'content-encoding': 'identity' } })
    expect(answer.status).toBe(401)
  })

  it('reads "Transfer-Encoding: Chunked" as chunked (D10)', async () => {
    const body = 'f\r\n{"session":"x"}\r\n0\r\n\r\n'
    const answer = await exchange(`POST /api/session HTTP/1.1\r\nHost: localhost\r\nOrigin: ${server.origin}\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n${body}`)
    expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
  })
})

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a server that runs out of files (X8)', () => {
  it('goes on, keeps its sessions, and serves again when there are some', async () => {
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
