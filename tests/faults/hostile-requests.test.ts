import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import { rawHead, sayRaw, sendRaw } from '../support/raw-socket.ts'
import type { Said } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')

let server: BuiltServer
let cookie: string
let id: string

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a hostile request', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer()
    const first = await call(`${server.origin}/api/session`)
    cookie = cookiePair(first.setCookie[0]!)
    id = (JSON.parse(first.body) as { id: string }).id
  })

  afterAll(() => server?.dispose())

  const say = (method: string, path: string, said: Said, body?: string) => sayRaw(server, method, path, said, body)

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

  describe.each(UNSAFE)('%s %s', (method, path) => {
    it.each<[string, () => Said]>([
      ['B2 same site, other origin', () => ({ 'Sec-Fetch-Site': 'same-site', 'Origin': 'https://localhost:2015' })],
      ['B3 another site', () => ({ 'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://evil.test' })],
      ['B4 typed into the address bar', () => ({ 'Sec-Fetch-Site': 'none' })],
      ['B7 an old browser, another origin', () => ({ Origin: 'https://evil.test' })],
      ['B8 an old browser, a foreign referrer', () => ({ Referer: 'https://evil.test/page' })],
      ['B8 an old browser that says nothing', () => ({})],
      ['B11 a sandboxed frame', () => ({ 'Sec-Fetch-Site': 'cross-site', 'Origin': 'null' })],
      ['B11 an old browser, no origin to name', () => ({ Origin: 'null' })],
      ['B18 a method in a header', () => ({ 'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://evil.test', 'X-HTTP-Method-Override': 'GET' })],
    ])('is refused and changes nothing: %s', async (_case, said) => {
      const before = dumpStore(server.storeFile)
      for (const held of [cookie, undefined]) {
        if (held === undefined && !said().Origin && !said().Referer && !said()['Sec-Fetch-Site']) continue // B9: a program without a cookie.
        const { status, text } = await say(method, path, { 'Cookie': held, 'Content-Type': 'application/json', ...said() }, '{}')
        expect(status).toBe(403)
        expect(text).toContain('cross_origin_refused')
        expect(text.toLowerCase()).not.toMatch(/set-cookie|access-control/)
      }
      expect(dumpStore(server.storeFile)).toEqual(before)
    })
  })

  it.each<[string, () => Said]>([
    ['B1 its own page', () => ({ 'Sec-Fetch-Site': 'same-origin', 'Origin': server.origin })],
    ['B6 its own page in an old browser', () => ({ Origin: server.origin })],
    ['B8 its own page by referrer', () => ({ Referer: `${server.origin}/page` })],
    ['B10 a page that names no referrer', () => ({ 'Sec-Fetch-Site': 'same-origin', 'Origin': 'null' })],
  ])('is none from %s', async (_case, said) => {
    const { status, text } = await say('POST', '/api/session', { 'Cookie': cookie, 'Content-Type': 'application/json', ...said() }, JSON.stringify({ session: id }))
    expect([status, text]).toEqual([200, expect.stringContaining('Success!')])
  })

  it('is none from a program without a cookie, which still has to say JSON (B9)', async () => {
    expect((await say('POST', '/api/session', { 'Content-Type': 'application/json' }, '{"session":"x"}')).status).toBe(401)
    expect((await say('POST', '/api/session', { 'Content-Type': 'text/plain' }, '{"session":"x"}')).status).toBe(415)
  })

  const own = () => ({ 'Cookie': cookie, 'Origin': server.origin, 'Sec-Fetch-Site': 'same-origin' })

  it.each(['HEAD', 'OPTIONS', 'TRACE', 'PATCH'])('changes nothing by %s on a route that writes (B19, B20)', async (method) => {
    const before = dumpStore(server.storeFile)
    const { status } = await say(method, '/api/session', own())
    expect([200, 204, 405]).toContain(status)
    const stranger = await say(method, '/api/session', { ...own(), Cookie: undefined })
    expect(stranger.text.toLowerCase()).not.toContain('set-cookie')
    expect(dumpStore(server.storeFile)).toEqual(before)
  })

  it.each([
    ['/api/session', 'GET, PUT, POST, DELETE'],
    ['/api/_session', 'GET, DELETE'],
    ['/api/_session/devices', 'GET, DELETE'],
    ['/api/_session/devices/x', 'DELETE'],
    ['/api/_session/extend', 'POST'],
  ])('is 405 by a method that %s has not, and told those that it has', async (path, methods) => {
    const answer = await call(server.origin + path, { method: 'PATCH', cookie })
    expect([answer.status, answer.headers.allow]).toEqual([405, methods])
  })

  it.each(['/api/_session/extend', '/api/_session/devices/x', '/api/account/sign-out', '/api/account/sign-in'])('is 405 by GET on %s (B19, X5)', async (path) => {
    expect((await say('GET', path, own())).status).toBe(405)
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
  ])('gets by no spelling of the path past what protects it: %s (D18)', async (path, expected) => {
    const { status, text } = await say('GET', path, {})
    expect([path, status]).toEqual([path, expected])
    expect(text).not.toContain('"handle"')
  })

  it.each(['POST', 'DELETE'])('is refused by %s from a foreign page by any spelling of the path (D18)', async (method) => {
    for (const path of ['/api/%73ession', '//api/session', '/api/./session', '/api/x/../session', '/API/SESSION', '/api/session/', '/api/session;x', '/api/session%00']) {
      const { status } = await say(method, path, { 'Cookie': cookie, 'Sec-Fetch-Site': 'cross-site', 'Origin': 'https://evil.test' })
      expect([path, status]).toEqual([path, expect.toSatisfy((code: number) => code === 403 || code === 400)])
    }
  })

  it('opens no WebSocket for a foreign page (B25)', async () => {
    const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Origin: https://evil.test', `Cookie: ${cookie}`]
    const head = rawHead(server, 'GET', '/api/_session/events', upgrade).replace('Connection: close', 'Connection: Upgrade, close')
    const { status } = await sendRaw(server, head)
    expect(status).not.toBe(101)
  })

  it('puts no header of its own into the answer (D15)', async () => {
    const said = { ...own(), 'User-Agent': 'x%0d%0aSet-Cookie: evil=1', 'Referer': `${server.origin}/%0d%0aX-Evil:1` }
    const { text } = await say('GET', '/sign-in?returnTo=%0d%0aX-Evil:%201', said)
    expect(text.split('\r\n\r\n', 1)[0]).not.toMatch(/^(X-Evil|Set-Cookie)/im)
  })
})
