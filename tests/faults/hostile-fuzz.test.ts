import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import type { Agent } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring.ts'
import { open } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto.ts'
import { AccountVisitor, TRUST_PROXY } from '../support/account-visitor.ts'
import { fuzzing, rounds, seed } from '../support/limits.ts'
import { call, keepAlive } from '../support/https.ts'
import type { CallOptions, CallResponse } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const NAME = '__Host-session'
const COOKIES = rounds(300, 10_000)
const BODIES = rounds(2000, 10_000)
const ORIGINS = rounds(500, 10_000)
const AT_ONCE = 10
const MIN_PASSWORD_LENGTH = 8

const JSON_ROUTES = [
  ['POST', '/api/session'],
  ['POST', '/api/account/register'],
  ['POST', '/api/account/sign-in'],
  ['POST', '/api/account/confirm'],
  ['PUT', '/api/account/password'],
] as const
const FIELDS = [
  'session', 'name', 'password', 'current', 'remember', '__proto__', 'constructor', 'prototype', 'userId', 'toString',
]
const UNUSUAL_VALUES = ['', 'ada', null, true, -0, 2 ** 53 + 1, [], {}, 'x'.repeat(257)]
const UNUSUAL_BODIES = [
  '{"session":1e400}',
  '{"name":"ada","password":"\\ud800"}',
  '{"session":"\\u0000"}',
  '\uFEFF{}',
  '{"a":1,"a":2}',
  '{"__proto__":{"session":"x"}}',
]
const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/json, text/plain',
]
const PROTECTED_PATHS = [
  '/api/session',
  '/api/_session/extend',
  '/api/_session/devices',
  '/api/account/sign-out',
  '/api/account/sign-in',
  '/api/account/password',
  '/api/account',
  '/api/session?_method=GET',
  '/',
  '/nowhere',
]

/** Requests that are sent at the same time. */
const together = <T>(request: fc.Arbitrary<T>) => fc.array(request, { minLength: AT_ONCE, maxLength: AT_ONCE })
const inParallel = async <T>(requests: T[], run: (request: T) => Promise<void>): Promise<void> => {
  await Promise.all(requests.map(run))
}

/** A header's value, or `undefined` if it is not sent. */
const optional = (value: fc.Arbitrary<string>) => fc.option(value, { nil: undefined })

/** A character that a Node client can send: it refuses control characters and everything outside Latin-1. */
const character = fc.integer({ min: 0x20, max: 0xFF })
  .filter(code => code !== 0x7F)
  .map(code => String.fromCharCode(code))
const headerText = (maxLength: number) => fc.string({ unit: character, maxLength })

let server: BuiltServer
let agent: Agent
let cookie: string
/** What no response and no line of the log may contain. */
let secrets: string[]
let before: unknown

const everything = () => [dumpStore(server.storeFile), dumpStore(join(server.storeFile, '../accounts.db'))]

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)(`the built server with FUZZ_SEED=${seed}`, () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ ...TRUST_PROXY, NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '1000000' })
    agent = keepAlive()
    const visitor = new AccountVisitor(server)
    await visitor.register('ada', 'a passphrase of her own')
    await call(`${server.origin}/api/session`, { cookie: visitor.cookie })
    cookie = visitor.cookie!
    secrets = secretsOf(cookie)
    before = everything()
  })

  afterAll(async () => {
    agent?.destroy()
    await server?.dispose()
  })

  /** The keys, and the contents of the sealed cookie, in each encoding in which code might print them. */
  function secretsOf(pair: string): string[] {
    const keys = readFileSync(server.storeFile.replace(/\.db$/, '.keys'), 'utf8').trim()
    const value = pair.slice(NAME.length + 1)
    const { sid, secret } = open(parseKeyRing(keys), NAME, value)!
    return [keys, value, ...[sid, secret].flatMap(bytes => [bytes.toString('hex'), bytes.toString('base64url')])]
  }

  async function send(path: string, options: CallOptions): Promise<CallResponse> {
    const response = await call(server.origin + path, { agent, ...options })
    const text = response.body + JSON.stringify(response.headers)
    expect(response.status, `${options.method ?? 'GET'} ${path}: ${response.body}`).toBeLessThan(500)
    expect(secrets.filter(secret => text.includes(secret))).toEqual([])
    return response
  }

  function expectNoEffect() {
    expect(everything()).toEqual(before)
    expect(server.logs.filter(line => secrets.some(secret => line.includes(secret)))).toEqual([])
    expect(server.logs.filter(line => /error/i.test(line))).toEqual([])
  }

  it(`opens no session for ${COOKIES} random cookies, and neither changes nor reveals anything`, async () => {
    const valid = cookie.slice(NAME.length + 1)
    const replacement = fc.tuple(fc.nat(valid.length - 1), headerText(4).filter(text => text !== ''))
    const value = fc.oneof(
      replacement.map(([at, text]) => valid.slice(0, at) + text + valid.slice(at + 1)),
      fc.nat(valid.length - 1).map(length => valid.slice(0, length)),
      headerText(600),
      fc.base64String({ minLength: 108, maxLength: 108 }),
    ).filter(text => text.split(';', 1)[0]!.trim() !== valid)
    const otherName = fc.constantFrom('__host-session', '__HOST-SESSION', `=${NAME}`, `${NAME} `, `x${NAME}`)
    const header = fc.oneof(
      { weight: 4, arbitrary: value.map(text => `${NAME}=${text}`) },
      value.map(text => `${cookie}; ${NAME}=${text}`),
      headerText(300).filter(text => !text.includes(NAME)),
      otherName.map(name => `${name}=${valid}`),
    )
    const property = fc.asyncProperty(together(header), headers => inParallel(headers, async (text) => {
      const response = await send('/api/_session', { cookie: text })
      expect(response.setCookie).toEqual([])
      expect(JSON.parse(response.body)).toMatchObject({ status: 'anonymous', session: null })
    }))
    await fc.assert(property, fuzzing(COOKIES / AT_ONCE))
    expectNoEffect()
  })

  it(`refuses ${BODIES} random bodies, and neither changes nor reveals anything`, async () => {
    const field = fc.oneof(fc.constantFrom(...FIELDS), fc.string({ maxLength: 8 }))
    const unusual = fc.oneof(
      fc.constantFrom<unknown>(...UNUSUAL_VALUES),
      fc.jsonValue({ maxDepth: 4 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
    )
    const object = fc.dictionary(field, unusual, { maxKeys: 6 })
      .filter(value => !isRegistration(value))
      .map(value => JSON.stringify(value))
    const nested = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.constantFrom('[', '{"a":'))
    const body = fc.oneof(
      { weight: 4, arbitrary: object },
      fc.jsonValue().map(value => JSON.stringify(value)),
      fc.tuple(object, fc.nat(40)).map(([text, at]) => text.slice(0, at)),
      nested.map(([depth, bracket]) => bracket.repeat(depth)),
      fc.constantFrom(...UNUSUAL_BODIES),
      fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
    )
    const type = fc.oneof(
      { weight: 6, arbitrary: fc.constant('application/json') },
      fc.constantFrom(...CONTENT_TYPES),
      headerText(40).map(text => text.trim()),
    )
    let addresses = 0
    const request = fc.tuple(fc.constantFrom(...JSON_ROUTES), body, type, fc.boolean())
    const property = fc.asyncProperty(together(request), requests => inParallel(requests, async (parts) => {
      const [[method, path], body, contentType, signedIn] = parts
      addresses++ // With one address for all, rate limits would refuse most requests.
      const address = `10.1.${addresses >> 8 & 255}.${addresses & 255}`
      const headers = { 'content-type': contentType, 'x-forwarded-for': address }
      const response = await send(path, { method, body, headers, cookie: signedIn ? cookie : undefined })
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.setCookie).toEqual([])
    }))
    await fc.assert(property, fuzzing(BODIES / AT_ONCE))
    expect(Object.keys(Object.prototype)).toEqual([])
    expectNoEffect()
  })

  it(`refuses ${ORIGINS} requests with random origin headers, and neither changes nor reveals anything`, async () => {
    const { origin: own } = server
    const host = new URL(own).host
    const lookAlikes = [
      'null', 'https://evil.test', `http://${host}`, 'https://localhost', 'https://localhost:2015', 'https://127.0.0.1',
      `${own}.evil.test`, `https://evil.test/${host}`, `https://evil${host}`, `${own}/`, `${own} ${own}`,
      own.toUpperCase(), `${own},https://evil.test`, 'https://[::1]', 'file://', 'localhost',
    ]
    const origin = fc.oneof(
      fc.constantFrom(...lookAlikes),
      headerText(30).map(text => text.trim()).filter(text => text !== ''),
    ).filter(text => text !== own)
    const site = ['cross-site', 'same-site', 'none', 'Same-Origin', 'same-origin, cross-site', '', 'x']
    const referers = [
      'https://evil.test/', `https://evil.test/?${own}/`, `${own}.evil.test/`, `http://${host}/`, 'about:blank', '/',
    ]
    const headers = fc.record({
      'origin': optional(origin),
      'sec-fetch-site': optional(fc.constantFrom(...site)),
      'referer': optional(fc.oneof(fc.constantFrom(...referers), headerText(20).map(text => text.trim()))),
      'sec-fetch-mode': optional(fc.constantFrom('navigate', 'cors', 'no-cors', 'same-origin')),
      'x-http-method-override': optional(fc.constantFrom('GET', 'DELETE')),
      'x-forwarded-host': optional(fc.constantFrom('evil.test', host)),
    })
    const method = fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE')
    const request = fc.tuple(method, fc.constantFrom(...PROTECTED_PATHS), headers)
    const property = fc.asyncProperty(together(request), requests => inParallel(requests, async (parts) => {
      const [method, path, fields] = parts
      const sent = Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined)
      const response = await sendWithoutOrigin(method, path, Object.fromEntries(sent))
      expect([response.status, response.setCookie]).toEqual([403, []])
      expect(Object.keys(response.headers).filter(name => name.startsWith('access-control'))).toEqual([])
    }))
    await fc.assert(property, fuzzing(ORIGINS / AT_ONCE))
    expectNoEffect()
  })

  /** A body that would correctly create an account, which random bodies sometimes are. */
  function isRegistration({ name, password }: Record<string, unknown>): boolean {
    return typeof name === 'string' && typeof password === 'string' && password.length >= MIN_PASSWORD_LENGTH
  }

  /** Without the Origin that `call` would add. */
  function sendWithoutOrigin(method: string, path: string, headers: Record<string, string>): Promise<CallResponse> {
    const allHeaders = { 'content-type': 'application/json', ...headers }
    return send(path, { method, cookie, headers: allHeaders, body: '{}', withoutOrigin: true })
  }
})
