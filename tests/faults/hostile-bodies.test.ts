import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import { openSocket, rawHead, rawSaid, readToEnd, sayRaw, sendRaw } from '../support/raw-socket.ts'
import type { Said } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const KIBIBYTE = 1024
const ENDLESS = 128 * KIBIBYTE * KIBIBYTE

let server: BuiltServer
let cookie: string
let id: string

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a hostile body', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer()
    const first = await call(`${server.origin}/api/session`)
    cookie = cookiePair(first.setCookie[0]!)
    id = (JSON.parse(first.body) as { id: string }).id
  })

  afterAll(() => server?.dispose())

  const say = (method: string, path: string, said: Said, body?: string) => sayRaw(server, method, path, said, body)
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

  it('that has no end is not taken in: 413 at the limit, and the connection ends (D2)', async () => {
    const socket = await openSocket(server)
    const answer = readToEnd(socket)
    const head = rawHead(server, 'POST', '/api/session', [`Cookie: ${cookie}`, `Origin: ${server.origin}`, 'Content-Type: application/json', 'Transfer-Encoding: chunked'])
    const chunks = Array<string>(ENDLESS / 64 / KIBIBYTE).fill(`10000\r\n${'x'.repeat(64 * KIBIBYTE)}\r\n`)
    await pipeline(Readable.from([head, ...chunks]), socket).catch(() => {})
    // A client that goes on writing may lose the answer to a reset.
    expect(await answer).toMatch(/^(?:HTTP\/1\.1 413 |$)/)
    // What was on its way in buffers and on the wire.
    expect(socket.bytesWritten).toBeLessThan(ENDLESS / 8)
  })

  describe.each([
    ['PUT', '/api/session', 200],
    ['DELETE', '/api/session', 204],
    ['DELETE', '/api/_session', 204],
    ['POST', '/api/_session/extend', 200],
    ['DELETE', '/api/_session/devices', 401],
    ['DELETE', '/api/_session/devices/abcdefghijklmnop', 401],
    ['DELETE', '/api/account', 401],
    ['POST', '/api/account/sign-out', 204],
    ['POST', '/api/account/sign-out-everywhere', 401],
  ])('with a body for a route that needs none: %s %s', (method, path, usual) => {
    it.each<[string, Said, number]>([
      ['text (B13)', { 'Content-Type': 'text/plain', 'Content-Length': '2' }, 415],
      ['a form (B14)', { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': '2' }, 415],
      ['no type (B15)', { 'Content-Length': '2' }, 415],
      ['compressed (D14)', { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip', 'Content-Length': '2' }, 415],
      ['over 64 KiB (D1)', { 'Content-Type': 'application/json', 'Content-Length': `${64 * KIBIBYTE + 1}` }, 413],
    ])('is refused by its headers, and changes nothing: %s', async (_case, said, expected) => {
      const before = dumpStore(server.storeFile)
      const { status, text } = await say(method, path, { ...own(), ...said }) // Not a byte of the body is sent.
      expect([status, text]).toEqual([expected, expect.stringContaining(expected === 413 ? 'too_large' : 'unsupported_type')])
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    const inChunks = (type: string[], ...chunks: string[]) => sendRaw(server, rawHead(server, method, path, [`Cookie: ${cookie}`, `Origin: ${server.origin}`, ...type, 'Transfer-Encoding: chunked']) + chunks.join(''))

    it('is refused in chunks, too: 415 without a type, 413 when it grows over 64 KiB (B15, D2)', async () => {
      const before = dumpStore(server.storeFile)
      expect((await inChunks([], '2\r\n{}\r\n', '0\r\n\r\n')).status).toBe(415)
      expect((await inChunks(['Content-Type: text/plain'], '2\r\n{}\r\n', '0\r\n\r\n')).status).toBe(415)
      expect((await inChunks(['Content-Type: application/json'], `4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(5))).status).toBe(413)
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    it.each<[string, Said, string?]>([
      ['no body', {}],
      ['a type and no body', { 'Content-Type': 'text/plain' }],
      ['a type and a body of no length', { 'Content-Type': 'application/x-www-form-urlencoded' }, ''],
      ['an empty object', { 'Content-Type': 'application/json' }, '{}'],
      ['no chunks, as proxies make them of no body', { 'Transfer-Encoding': 'chunked' }],
    ])('is none with %s', async (_case, said, body) => {
      const visitor = cookiePair((await call(`${server.origin}/api/session`)).setCookie[0]!)
      const end = said['Transfer-Encoding'] ? '0\r\n\r\n' : ''
      const { status } = await sendRaw(server, rawSaid(server, method, path, { ...own(), Cookie: visitor, ...said }, body) + end)
      expect(status).toBe(usual)
    })
  })
})
