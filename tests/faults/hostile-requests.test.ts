import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import { rawHead, sendRaw, sendRawRequest } from '../support/raw-socket.ts'
import type { RawHeaders } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const JSON_TYPE = { 'Content-Type': 'application/json' }

const UNSAFE = [
  ['POST', '/api/session'],
  ['PUT', '/api/session'],
  ['DELETE', '/api/session'],
  ['PATCH', '/api/session'],
  ['POST', '/api/_session/extend'],
  ['DELETE', '/api/_session/devices'],
  ['DELETE', '/api/_session/devices/abcdefghijklmnop'],
  ['POST', '/api/account/sign-in'],
  ['POST', '/api/account/sign-out'],
  ['PUT', '/api/account/password'],
  ['POST', '/nowhere'],
] as const
const FOREIGN_SOURCES: [source: string, headers: RawHeaders][] = [
  ['a same-site page of another origin', { 'Sec-Fetch-Site': 'same-site', 'Origin': 'https://localhost:2015' }],
  ['a page of another site', { 'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://evil.test' }],
  ['the address bar', { 'Sec-Fetch-Site': 'none' }],
  ['a page of another origin in an old browser', { Origin: 'https://evil.test' }],
  ['an old browser with a foreign Referer', { Referer: 'https://evil.test/page' }],
  ['an old browser without any of these headers', {}],
  ['a sandboxed frame', { 'Sec-Fetch-Site': 'cross-site', 'Origin': 'null' }],
  ['an opaque origin in an old browser', { Origin: 'null' }],
  ['a page that overrides the method in a header', {
    'Sec-Fetch-Site': 'cross-site',
    'Origin': 'https://evil.test',
    'X-HTTP-Method-Override': 'GET',
  }],
]
const SPELLINGS = [
  '/api/%73ession', '//api/session', '/api/./session', '/api/x/../session', '/API/SESSION', '/api/session/',
  '/api/session;x', '/api/session%00',
]

let server: BuiltServer
let cookie: string
let value: string

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a hostile request', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer()
    const first = await call(`${server.origin}/api/session`)
    cookie = cookiePair(first.setCookie[0]!)
    value = (JSON.parse(first.body) as { id: string }).id
  })

  afterAll(() => server?.dispose())

  const send = (method: string, path: string, headers: RawHeaders, body?: string) =>
    sendRawRequest(server, method, path, headers, body)

  describe.each(UNSAFE)('%s %s', (method, path) => {
    it.each(FOREIGN_SOURCES)('from %s is refused and changes nothing', async (_source, headers) => {
      const before = dumpStore(server.storeFile)
      for (const held of [cookie, undefined]) {
        const isProgram = held === undefined && Object.keys(headers).length === 0
        if (isProgram) continue // It is accepted, see below.
        const { status, text } = await send(method, path, { Cookie: held, ...JSON_TYPE, ...headers }, '{}')
        expect(status).toBe(403)
        expect(text).toContain('cross_origin_refused')
        expect(text.toLowerCase()).not.toMatch(/set-cookie|access-control/)
      }
      expect(dumpStore(server.storeFile)).toEqual(before)
    })
  })

  it.each<[source: string, headers: () => RawHeaders]>([
    ['its own page', () => ({ 'Sec-Fetch-Site': 'same-origin', 'Origin': server.origin })],
    ['its own page in an old browser', () => ({ Origin: server.origin })],
    ['its own page according to the Referer', () => ({ Referer: `${server.origin}/page` })],
    ['its own page with the policy no-referrer', () => ({ 'Sec-Fetch-Site': 'same-origin', 'Origin': 'null' })],
  ])('is not one from %s', async (_source, headers) => {
    const body = JSON.stringify({ session: value })
    const { status, text } = await send('POST', '/api/session', { Cookie: cookie, ...JSON_TYPE, ...headers() }, body)
    expect([status, text]).toEqual([200, expect.stringContaining('Success!')])
  })

  it('is not one from a program without a cookie, which must still send JSON', async () => {
    const body = '{"session":"x"}'
    expect((await send('POST', '/api/session', JSON_TYPE, body)).status).toBe(401)
    expect((await send('POST', '/api/session', { 'Content-Type': 'text/plain' }, body)).status).toBe(415)
  })

  /** The headers of a page of the app. */
  const own = () => ({ 'Cookie': cookie, 'Origin': server.origin, 'Sec-Fetch-Site': 'same-origin' })

  it.each([
    'HEAD',
    'OPTIONS',
    'TRACE',
    'PATCH',
  ])('with the method %s changes nothing on a route that writes', async (method) => {
    const before = dumpStore(server.storeFile)
    const { status } = await send(method, '/api/session', own())
    expect([200, 204, 405]).toContain(status)
    const withoutCookie = await send(method, '/api/session', { ...own(), Cookie: undefined })
    expect(withoutCookie.text.toLowerCase()).not.toContain('set-cookie')
    expect(dumpStore(server.storeFile)).toEqual(before)
  })

  it.each([
    ['/api/session', 'GET, PUT, POST, DELETE'],
    ['/api/_session', 'GET, DELETE'],
    ['/api/_session/devices', 'GET, DELETE'],
    ['/api/_session/devices/x', 'DELETE'],
    ['/api/_session/extend', 'POST'],
  ])('with a method that %s does not have is refused with 405 and Allow', async (path, methods) => {
    const response = await call(server.origin + path, { method: 'PATCH', cookie })
    expect([response.status, response.headers.allow]).toEqual([405, methods])
  })

  it.each([
    '/api/_session/extend',
    '/api/_session/devices/x',
    '/api/account/sign-out',
    '/api/account/sign-in',
  ])('with GET is refused with 405 on %s', async (path) => {
    expect((await send('GET', path, own())).status).toBe(405)
  })

  it.each([
    ['/API/_session/devices', 404],
    ['/api/%5fsession/devices', 401],
    ['/api/_session/%64evices', 401],
    ['/api/_session/devices?x=/api/session', 401],
    ['/api/_session/devices;x', 404],
    ['/api/%255fsession/devices', 404],
    ['//api/_session/devices', 404],
    ['/api/x/../_session/devices', 404],
    ['/api/_session/devices/', 401],
  ])('cannot avoid the check for a signed-in user by another spelling of the path: %s', async (path, expected) => {
    const { status, text } = await send('GET', path, {})
    expect([path, status]).toEqual([path, expected])
    expect(text).not.toContain('"current":')
  })

  it.each(['POST', 'DELETE'])('with %s from a foreign page is refused by any spelling of the path', async (method) => {
    const headers = { 'Cookie': cookie, 'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://evil.test' }
    for (const path of SPELLINGS) {
      const { status } = await send(method, path, headers)
      expect([path, status]).toEqual([path, expect.toSatisfy((code: number) => code === 403 || code === 400)])
    }
  })

  it('opens no WebSocket for a foreign page', async () => {
    const head = rawHead(server, 'GET', '/api/_session/events', [
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Origin: https://evil.test',
      `Cookie: ${cookie}`,
    ]).replace('Connection: close', 'Connection: Upgrade, close')
    const { status } = await sendRaw(server, head)
    expect(status).not.toBe(101)
  })

  it('cannot add a header to the response', async () => {
    const headers = {
      ...own(),
      'User-Agent': 'x%0d%0aSet-Cookie: evil=1',
      'Referer': `${server.origin}/%0d%0aX-Evil:1`,
    }
    const { text } = await send('GET', '/sign-in?returnTo=%0d%0aX-Evil:%201', headers)
    expect(text.split('\r\n\r\n', 1)[0]).not.toMatch(/^(X-Evil|Set-Cookie)/im)
  })
})
