import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import { rawHead, sendRaw } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const KIBIBYTE = 1024
/** What a browser says of itself; an entry without a value is left out of the request. */
type Said = Record<string, string | undefined>

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
  }, 40_000)

  afterAll(() => server?.dispose())

  /** As it stands: nothing is added that a page would say. */
  async function say(method: string, path: string, said: Said, body?: string) {
    const lines = Object.entries(said).flatMap(([name, text]) => text === undefined ? [] : [`${name}: ${text}`])
    const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
    return sendRaw(server, rawHead(server, method, path, [...lines, ...length]) + (body ?? ''))
  }

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

  it.each<[string, Said]>([
    ['B13 text', { 'Content-Type': 'text/plain' }],
    ['B14 a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['B14 a form of files', { 'Content-Type': 'multipart/form-data; boundary=x' }],
    ['B15 no type', {}],
    ['another JSON', { 'Content-Type': 'application/json-patch+json' }],
    ['JSON in another character set', { 'Content-Type': 'application/json; charset=utf-16' }],
  ])('is 415 with a body of another kind: %s', async (_case, said) => {
    const { status, text } = await say('POST', '/api/session', { ...own(), ...said }, JSON.stringify({ session: id }))
    expect([status, text]).toEqual([415, expect.stringContaining('unsupported_type')])
  })

  it('is refused with two content types (B17)', async () => {
    const head = rawHead(server, 'POST', '/api/session', [`Cookie: ${cookie}`, `Origin: ${server.origin}`, 'Content-Type: application/json', 'Content-Type: text/plain', 'Content-Length: 2'])
    expect([400, 415]).toContain((await sendRaw(server, `${head}{}`)).status)
  })

  it.each<[string, string]>([
    ['D4 33 levels', `{"session":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['D4 30,000 levels', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['D5 a prototype key', '{"session":"x","__proto__":{"admin":true}}'],
    ['D5 a prototype key deep down', '{"session":"x","a":[{"b":{"__proto__":1}}]}'],
    ['D5 a constructor\'s prototype', '{"session":"x","constructor":{"prototype":{"admin":true}}}'],
    ['D8 a number beyond all bounds', '{"session":1e400}'],
    ['D8 a string of 60 KB', JSON.stringify({ session: 'x'.repeat(60_000) })],
    ['D8 too many keys', `{${Array.from({ length: 5000 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['D9 nothing', ''],
    ['D9 null', 'null'],
    ['D9 a list', '[]'],
    ['D9 text', '"x"'],
    ['half of it', '{"session":'],
    ['a byte that is no UTF-8 letter of JSON', '{"session":\u0000}'],
  ])('is 400 with a body that will not do: %s', async (_case, body) => {
    const { status } = await say('POST', '/api/session', { ...own(), 'Content-Type': 'application/json' }, body)
    expect(status).toBe(400)
  })

  it('is 413 over 64 KiB, before the body is read, and the connection ends (D1)', async () => {
    const head = rawHead(server, 'POST', '/api/session', [`Cookie: ${cookie}`, `Origin: ${server.origin}`, 'Content-Type: application/json', `Content-Length: ${64 * KIBIBYTE + 1}`])
    const { status, text } = await sendRaw(server, head) // Not a byte of the body is sent.
    expect([status, text]).toEqual([413, expect.stringContaining('too_large')])
  })

  it('is 413 when a body without a length grows over 64 KiB (D2)', async () => {
    const head = rawHead(server, 'POST', '/api/session', [`Cookie: ${cookie}`, `Origin: ${server.origin}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked'])
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const { status, text } = await sendRaw(server, head + chunk.repeat(5))
    expect([status, text]).toEqual([413, expect.stringContaining('too_large')])
  })

  it.each(['HEAD', 'OPTIONS', 'TRACE', 'PATCH'])('changes nothing by %s on a route that writes (B19, B20)', async (method) => {
    const before = dumpStore(server.storeFile)
    const { status } = await say(method, '/api/session', own())
    expect([200, 204, 405]).toContain(status)
    const stranger = await say(method, '/api/session', { ...own(), Cookie: undefined })
    expect(stranger.text.toLowerCase()).not.toContain('set-cookie')
    expect(dumpStore(server.storeFile)).toEqual(before)
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
