import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import { openSocket, rawHead, rawRequest, readToEnd, sendRaw, sendRawRequest } from '../support/raw-socket.ts'
import type { RawHeaders } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const KIBIBYTE = 1024
const ENDLESS = 128 * KIBIBYTE * KIBIBYTE
const TOO_LARGE = `${64 * KIBIBYTE + 1}`
/** A chunk of 16 KiB. */
const CHUNK = `4000\r\n${'x'.repeat(0x4000)}\r\n`
const LAST_CHUNK = '0\r\n\r\n'
const JSON_TYPE = 'Content-Type: application/json'
const CHUNKED = 'Transfer-Encoding: chunked'

let server: BuiltServer
let cookie: string
let value: string

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a hostile body', () => {
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
  /** The headers of a page of the app. */
  const own = () => ({ 'Cookie': cookie, 'Origin': server.origin, 'Sec-Fetch-Site': 'same-origin' })
  const head = (...headers: string[]) =>
    rawHead(server, 'POST', '/api/session', [`Cookie: ${cookie}`, `Origin: ${server.origin}`, ...headers])

  it.each<[kind: string, headers: RawHeaders]>([
    ['text', { 'Content-Type': 'text/plain' }],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['a form with files', { 'Content-Type': 'multipart/form-data; boundary=x' }],
    ['without a type', {}],
    ['another kind of JSON', { 'Content-Type': 'application/json-patch+json' }],
    ['JSON in another character set', { 'Content-Type': 'application/json; charset=utf-16' }],
  ])('is refused with 415 if it is %s', async (_kind, headers) => {
    const body = JSON.stringify({ session: value })
    const { status, text } = await send('POST', '/api/session', { ...own(), ...headers }, body)
    expect([status, text]).toEqual([415, expect.stringContaining('unsupported_type')])
  })

  it('is refused if it has two content types', async () => {
    const request = `${head(JSON_TYPE, 'Content-Type: text/plain', 'Content-Length: 2')}{}`
    expect([400, 415]).toContain((await sendRaw(server, request)).status)
  })

  it.each<[what: string, body: string]>([
    ['33 levels', `{"session":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['30,000 levels', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['a prototype key', '{"session":"x","__proto__":{"admin":true}}'],
    ['a nested prototype key', '{"session":"x","a":[{"b":{"__proto__":1}}]}'],
    ['a constructor\'s prototype', '{"session":"x","constructor":{"prototype":{"admin":true}}}'],
    ['a number that is too large', '{"session":1e400}'],
    ['a string of 60 KB', JSON.stringify({ session: 'x'.repeat(60_000) })],
    ['too many keys', `{${Array.from({ length: 5000 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['text', '"x"'],
    ['incomplete JSON', '{"session":'],
    ['a byte that JSON does not allow', '{"session":\u0000}'],
  ])('is refused with 400 if it contains %s', async (_what, body) => {
    const { status } = await send('POST', '/api/session', { ...own(), 'Content-Type': 'application/json' }, body)
    expect(status).toBe(400)
  })

  it('over 64 KiB is refused with 413 before it is read, and the connection is closed', async () => {
    // The body is never sent.
    const { status, text } = await sendRaw(server, head(JSON_TYPE, `Content-Length: ${TOO_LARGE}`))
    expect([status, text]).toEqual([413, expect.stringContaining('too_large')])
  })

  it('without a length is refused with 413 when it exceeds 64 KiB', async () => {
    const { status, text } = await sendRaw(server, head(JSON_TYPE, CHUNKED) + CHUNK.repeat(5))
    expect([status, text]).toEqual([413, expect.stringContaining('too_large')])
  })

  it('without an end is refused with 413 at the limit, and the connection is closed', async () => {
    const socket = await openSocket(server)
    const received = readToEnd(socket)
    const largeChunk = `10000\r\n${'x'.repeat(64 * KIBIBYTE)}\r\n`
    const chunks = Array<string>(ENDLESS / 64 / KIBIBYTE).fill(largeChunk)
    await pipeline(Readable.from([head(JSON_TYPE, CHUNKED), ...chunks]), socket).catch(() => {})
    // A client that continues to write may lose the response to a reset.
    expect(await received).toMatch(/^(?:HTTP\/1\.1 413 |$)/)
    // What was in buffers and on the wire.
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
  ])('for a route that needs none, %s %s,', (method, path, usual) => {
    it.each<[kind: string, headers: RawHeaders, status: number]>([
      ['text', { 'Content-Type': 'text/plain', 'Content-Length': '2' }, 415],
      ['a form', { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': '2' }, 415],
      ['without a type', { 'Content-Length': '2' }, 415],
      ['compressed', { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip', 'Content-Length': '2' }, 415],
      ['over 64 KiB', { 'Content-Type': 'application/json', 'Content-Length': TOO_LARGE }, 413],
    ])('is refused by its headers and changes nothing if it is %s', async (_kind, headers, expected) => {
      const before = dumpStore(server.storeFile)
      const { status, text } = await send(method, path, { ...own(), ...headers }) // The body is never sent.
      const code = expected === 413 ? 'too_large' : 'unsupported_type'
      expect([status, text]).toEqual([expected, expect.stringContaining(code)])
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    const statusInChunks = async (type: string[], ...chunks: string[]) => {
      const headers = [`Cookie: ${cookie}`, `Origin: ${server.origin}`, ...type, CHUNKED]
      return (await sendRaw(server, rawHead(server, method, path, headers) + chunks.join(''))).status
    }

    it('is refused in chunks too: with 415 without a JSON type, with 413 when it exceeds 64 KiB', async () => {
      const before = dumpStore(server.storeFile)
      expect(await statusInChunks([], '2\r\n{}\r\n', LAST_CHUNK)).toBe(415)
      expect(await statusInChunks(['Content-Type: text/plain'], '2\r\n{}\r\n', LAST_CHUNK)).toBe(415)
      expect(await statusInChunks([JSON_TYPE], CHUNK.repeat(5))).toBe(413)
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    it.each<[kind: string, headers: RawHeaders, body?: string]>([
      ['absent', {}],
      ['absent although there is a type', { 'Content-Type': 'text/plain' }],
      ['of length 0 and has a type', { 'Content-Type': 'application/x-www-form-urlencoded' }, ''],
      ['an empty object', { 'Content-Type': 'application/json' }, '{}'],
      ['without any chunks, as proxies send it', { 'Transfer-Encoding': 'chunked' }],
    ])('is accepted if it is %s', async (_kind, headers, body) => {
      const visitor = cookiePair((await call(`${server.origin}/api/session`)).setCookie[0]!)
      const end = headers['Transfer-Encoding'] ? LAST_CHUNK : ''
      const request = rawRequest(server, method, path, { ...own(), Cookie: visitor, ...headers }, body)
      expect((await sendRaw(server, request + end)).status).toBe(usual)
    })
  })
})
