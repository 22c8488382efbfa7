import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { RequestOptions } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { killAll, launch, start } from '../fixtures/bare-server/start.ts'
import { install, issuePair } from '../unit/tls/pairs.ts'
import type { Pair } from '../unit/tls/pairs.ts'

const DAY_MS = 86_400_000

let folder: string
let pair: Pair
let env: { NUXT_TLS_CERT: string, NUXT_TLS_KEY: string }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-server-'))
  pair = await issuePair()
  env = install(folder, 'good', pair)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** One request over TLS, verified against the CA. */
async function call(port: number, path = '/', options: RequestOptions = {}) {
  const outgoing = request({ host: 'localhost', port, path, ca: pair.ca, ...options }).end()
  const [response] = await once(outgoing, 'response') as [IncomingMessage]
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

async function open(port: number) {
  const socket = connect({ host: 'localhost', port, servername: 'localhost', ca: pair.ca })
  await once(socket, 'secureConnect')
  return socket
}

/** Sends bytes as they are over TLS; gives all that comes back until the server closes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = await open(port)
  socket.write(bytes)
  return text(socket)
}

describe('start', () => {
  afterEach(killAll)

  it('serves HTTPS with a certificate that verifies, and tells under which origins', async () => {
    const { port, line } = await start(env)
    expect(await call(port)).toMatchObject({ status: 200, body: 'ok' })
    expect(await line(/^origins /)).toBe(`origins https://localhost:${port} https://127.0.0.1:${port} https://[::1]:${port}`)
  })

  it.each<[string, () => Promise<Record<string, string>> | Record<string, string>, RegExp]>([
    ['half a pair', () => ({ NUXT_TLS_CERT: env.NUXT_TLS_CERT }), /NUXT_TLS_CERT is set but NUXT_TLS_KEY is not/],
    ['a file that is not there', () => ({ ...env, NUXT_TLS_KEY: join(folder, 'none.pem') }), /NUXT_TLS_KEY .* cannot be read \(ENOENT\)/],
    ['a file that is not PEM', () => install(folder, 'nonsense', { ...pair, cert: 'nonsense' }), /NUXT_TLS_CERT .* holds no PEM certificate/],
    ['a key of another certificate', async () => install(folder, 'mixed', { ...pair, key: (await issuePair()).key }), /is not the key of/],
    ['an ended certificate (T2)', async () => install(folder, 'ended', await issuePair(['localhost'], new Date(Date.now() - 400 * DAY_MS))), /NUXT_TLS_CERT .* ended on/],
    ['a certificate of tomorrow', async () => install(folder, 'early', await issuePair(['localhost'], new Date(Date.now() + DAY_MS))), /is not valid before/],
    ['a proxy flag that is neither yes nor no', () => ({ NUXT_SESSION_BEHIND_PROXY: 'maybe' }), /NUXT_SESSION_BEHIND_PROXY is "maybe"/],
    ['an address that is not this machine\'s', () => ({ ...env, HOST: '192.0.2.1' }), /cannot listen on 192\.0\.2\.1, port 0 \(EADDRNOTAVAIL\)/],
  ])('is refused with %s: one sentence and exit code 1', async (_, variables, sentence) => {
    const server = launch(await variables())
    expect(await server.exit).toBe(1)
    expect(server.lines).toEqual([expect.stringMatching(sentence)])
    expect(server.lines[0]).toMatch(/^\[tls\] .*\.$/)
  })

  it('is refused on a port that is taken: one sentence and exit code 1', async () => {
    const { port } = await start(env)
    const second = launch({ ...env, PORT: String(port) })
    expect(await second.exit).toBe(1)
    expect(second.lines).toEqual([expect.stringMatching(/^\[tls\] The server cannot listen on port \d+ \(EADDRINUSE\)/)])
  })

  it('warns of a certificate that ends soon (T2)', async () => {
    const { line } = await start(install(folder, 'late', await issuePair(['localhost'], new Date(Date.now() - 385 * DAY_MS))))
    expect(await line(/ends in/)).toMatch(/^\[tls\] NUXT_TLS_CERT .* ends in 11 days/)
  })

  it('takes no more connections than allowed, and serves again when one has ended', async () => {
    const { port } = await start({ ...env, NITRO_MAX_CONNECTIONS: '1' })
    const first = await open(port)
    await expect(call(port)).rejects.toThrow()
    const closed = text(first)
    first.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(await closed).toContain('200 OK')
    expect(await call(port)).toMatchObject({ status: 200 })
  })

  it('serves plain HTTP behind a proxy, and then knows of no origin', async () => {
    const { port, lines } = await start({ NUXT_SESSION_BEHIND_PROXY: '1' })
    const [response] = await once(httpRequest({ host: 'localhost', port, headers: { Host: 'app.example.com' } }).end(), 'response') as [IncomingMessage]
    expect(await text(response)).toBe('ok')
    expect(lines).toEqual([`Listening on http://localhost:${port}`])
  })
})

describe('the wire', () => {
  let port: number

  beforeAll(async () => void ({ port } = await start(env)))

  afterAll(killAll)

  it('is closed to TLS 1.1 and to plain HTTP, which gets no answer', async () => {
    const old = connect({ host: 'localhost', port, ca: pair.ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' })
    await expect(once(old, 'secureConnect')).rejects.toThrow(/protocol version/)
    const plain = connectPlain(port, 'localhost')
    plain.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(await text(plain).catch(() => '')).not.toContain('HTTP/')
  })

  it.each([
    ['Content-Length and Transfer-Encoding', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two different lengths', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['an encoding after chunked', 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a chunk size that is no number', 'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b\r\n\r\n'],
    ['bare line feeds', 'GET / HTTP/1.1\nHost: localhost\n\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n'],
    ['a whole URL for a path', 'GET https://evil.test/ HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('answers 400 to %s, and closes', async (_, bytes) => {
    const answer = await raw(port, bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).toMatch(/Connection: close/i)
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })

  it('reads "Transfer-Encoding: Chunked" as chunked', async () => {
    expect(await raw(port, 'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')).toMatch(/200 OK[^]*\r\n3$/)
  })

  it('answers 421 for a host that the certificate is not for', async () => {
    expect(await call(port, '/', { headers: { Host: 'evil.test' }, servername: 'localhost' })).toMatchObject({ status: 421, headers: { connection: 'close' } })
  })

  it('lets a client that expects 100-continue send its body only when it is wanted', async () => {
    const head = (path: string) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n`
    expect(await raw(port, head('/?refuse'))).toMatch(/^HTTP\/1\.1 403 Forbidden\r\nConnection: close/)
    expect(await raw(port, `${head('/')}hello`)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\nConnection: close[^]*\r\n5$/)
  })
})
