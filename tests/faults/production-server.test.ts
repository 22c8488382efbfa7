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
const HOST = 'Host: localhost\r\n'

/** The environment of a server. */
type Variables = Record<string, string>

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

/** Sends arbitrary bytes over TLS. Returns everything that is received until the server closes. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = await open(port)
  socket.write(bytes)
  return text(socket)
}

/** Files with a certificate that was issued so many days from now. */
async function installIssued(name: string, days: number): Promise<Variables> {
  return install(folder, name, await issuePair(['localhost'], new Date(Date.now() + days * DAY_MS)))
}

describe('a starting server', () => {
  afterEach(killAll)

  it('serves HTTPS with a certificate that verifies, and reports its origins', async () => {
    const { port, line } = await start(env)
    expect(await call(port)).toMatchObject({ status: 200, body: 'ok' })
    const origins = ['localhost', '127.0.0.1', '[::1]'].map(host => `https://${host}:${port}`)
    expect(await line(/^origins /)).toBe(`origins ${origins.join(' ')}`)
  })

  it.each<[what: string, variables: () => Promise<Variables> | Variables, message: RegExp]>([
    [
      'a certificate without its key',
      () => ({ NUXT_TLS_CERT: env.NUXT_TLS_CERT }),
      /NUXT_TLS_CERT is set but NUXT_TLS_KEY is not/,
    ],
    [
      'a file that does not exist',
      () => ({ ...env, NUXT_TLS_KEY: join(folder, 'none.pem') }),
      /NUXT_TLS_KEY .* cannot be read \(ENOENT\)/,
    ],
    [
      'a file that is not PEM',
      () => install(folder, 'nonsense', { ...pair, cert: 'nonsense' }),
      /NUXT_TLS_CERT .* holds no PEM certificate/,
    ],
    [
      'a key of another certificate',
      async () => install(folder, 'mixed', { ...pair, key: (await issuePair()).key }),
      /is not the key of/,
    ],
    ['an expired certificate', () => installIssued('expired', -400), /NUXT_TLS_CERT .* ended on/],
    ['a certificate that is not valid yet', () => installIssued('early', 1), /is not valid before/],
    [
      'a proxy flag that is neither 1 nor 0',
      () => ({ NUXT_CLOAKROOM_BEHIND_PROXY: 'maybe' }),
      /NUXT_CLOAKROOM_BEHIND_PROXY is "maybe"/,
    ],
    [
      'an address of another machine',
      () => ({ ...env, HOST: '192.0.2.1' }),
      /cannot listen on 192\.0\.2\.1, port 0 \(EADDRNOTAVAIL\)/,
    ],
  ])('exits with code 1 and one sentence if it is given %s', async (_, variables, message) => {
    const server = launch(await variables())
    expect(await server.exit).toBe(1)
    expect(server.lines).toEqual([expect.stringMatching(message)])
    expect(server.lines[0]).toMatch(/^\[tls\] .*\.$/)
  })

  it('exits with code 1 and one sentence if its port is in use', async () => {
    const { port } = await start(env)
    const second = launch({ ...env, PORT: String(port) })
    expect(await second.exit).toBe(1)
    const message = /^\[tls\] The server cannot listen on port \d+ \(EADDRINUSE\)/
    expect(second.lines).toEqual([expect.stringMatching(message)])
  })

  it('warns of a certificate that expires soon', async () => {
    const { line } = await start(await installIssued('late', -385))
    expect(await line(/ends in/)).toMatch(/^\[tls\] NUXT_TLS_CERT .* ends in 11 days/)
  })

  it('accepts no more connections than allowed, and serves again when one has ended', async () => {
    const { port } = await start({ ...env, NITRO_MAX_CONNECTIONS: '1' })
    const first = await open(port)
    await expect(call(port)).rejects.toThrow()
    const closed = text(first)
    first.write(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
    expect(await closed).toContain('200 OK')
    expect(await call(port)).toMatchObject({ status: 200 })
  })

  it('serves plain HTTP behind a proxy, and then reports no origin', async () => {
    const { port, lines } = await start({ NUXT_CLOAKROOM_BEHIND_PROXY: '1' })
    const outgoing = httpRequest({ host: 'localhost', port, headers: { Host: 'app.example.com' } }).end()
    const [response] = await once(outgoing, 'response') as [IncomingMessage]
    expect(await text(response)).toBe('ok')
    expect(lines).toEqual([`Listening on http://localhost:${port}`])
  })
})

describe('a running server', () => {
  let port: number

  beforeAll(async () => {
    port = (await start(env)).port
  })

  afterAll(killAll)

  it('refuses TLS 1.1, and does not respond to plain HTTP', async () => {
    const old = connect({
      host: 'localhost',
      port,
      ca: pair.ca,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1.1',
      ciphers: 'ALL@SECLEVEL=0',
    })
    await expect(once(old, 'secureConnect')).rejects.toThrow(/protocol version/)
    const plain = connectPlain(port, 'localhost')
    plain.write(`GET / HTTP/1.1\r\n${HOST}\r\n`)
    expect(await text(plain).catch(() => '')).not.toContain('HTTP/')
  })

  const POST = `POST / HTTP/1.1\r\n${HOST}`

  it.each([
    [
      'Content-Length and Transfer-Encoding',
      `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['two different lengths', `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ['an encoding after chunked', `${POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['an invalid chunk size', `${POST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`],
    ['a folded header', `GET / HTTP/1.1\r\n${HOST}X-A: a\r\n b\r\n\r\n`],
    ['bare line feeds', 'GET / HTTP/1.1\nHost: localhost\n\n'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two Hosts', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`],
    ['a complete URL as path', `GET https://evil.test/ HTTP/1.1\r\n${HOST}\r\n`],
  ])('responds with 400 to a request with %s, and closes the connection', async (_, bytes) => {
    const response = await raw(port, bytes)
    expect(response).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(response).toMatch(/Connection: close/i)
    expect(response.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })

  it('reads "Transfer-Encoding: Chunked" as chunked', async () => {
    const head = `${POST}Connection: close\r\nTransfer-Encoding: Chunked\r\n\r\n`
    expect(await raw(port, `${head}3\r\nabc\r\n0\r\n\r\n`)).toMatch(/200 OK[^]*\r\n3$/)
  })

  it('responds with 421 to a request for a host that the certificate does not name', async () => {
    const response = await call(port, '/', { headers: { Host: 'evil.test' }, servername: 'localhost' })
    expect(response).toMatchObject({ status: 421, headers: { connection: 'close' } })
  })

  it('asks a client that expects 100-continue for its body only if the body is read', async () => {
    const head = (path: string) =>
      `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n`
    expect(await raw(port, head('/?refuse'))).toMatch(/^HTTP\/1\.1 403 Forbidden\r\nConnection: close/)
    const accepted = /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\nConnection: close[^]*\r\n5$/
    expect(await raw(port, `${head('/')}hello`)).toMatch(accepted)
  })
})
