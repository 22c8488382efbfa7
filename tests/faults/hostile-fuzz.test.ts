import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import type { Agent } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { parseKeyRing } from '../../layers/session/server/engine/key-ring.ts'
import { open } from '../../layers/session/server/engine/seal.ts'
import { AccountVisitor, TRUSTING } from '../support/account-visitor.ts'
import { fuzzing, seed } from '../support/fuzzing.ts'
import { call, keepAlive } from '../support/https.ts'
import type { Answer, CallOptions } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/soak.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const NAME = '__Host-session'
const COOKIES = rounds(300, 10_000)
const BODIES = rounds(2000, 10_000)
const CLAIMS = rounds(500, 10_000)
const AT_ONCE = 10
const MIN_PASSWORD_LENGTH = 8

/** Requests that are sent at the same time. */
const together = <T>(request: fc.Arbitrary<T>) => fc.array(request, { minLength: AT_ONCE, maxLength: AT_ONCE })
const inParallel = async <T>(requests: T[], run: (request: T) => Promise<void>) => void await Promise.all(requests.map(run))

let server: BuiltServer
let agent: Agent
let cookie: string
/** What no answer and no line of the log may contain. */
let secrets: string[]
let before: unknown

const everything = () => [dumpStore(server.storeFile), dumpStore(join(server.storeFile, '../accounts.db'))]

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)(`thousands of hostile requests change nothing, break nothing and learn nothing (FUZZ_SEED=${seed})`, () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ ...TRUSTING, NUXT_SESSION_FORGED_COOKIE_LIMIT: '1000000' })
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

  /** The keys, and what is sealed in the cookie, in each writing that somebody might print them in. */
  function secretsOf(pair: string): string[] {
    const keys = readFileSync(server.storeFile.replace(/\.db$/, '.keys'), 'utf8').trim()
    const value = pair.slice(NAME.length + 1)
    const { sid, secret } = open(parseKeyRing(keys), NAME, value)!
    return [keys, value, ...[sid, secret].flatMap(bytes => [bytes.toString('hex'), bytes.toString('base64url')])]
  }

  async function send(path: string, options: CallOptions): Promise<Answer> {
    const answer = await call(server.origin + path, { agent, ...options })
    const said = answer.body + JSON.stringify(answer.headers)
    expect(answer.status, `${options.method ?? 'GET'} ${path}: ${answer.body}`).toBeLessThan(500)
    expect(secrets.filter(secret => said.includes(secret))).toEqual([])
    return answer
  }

  function expectNothingHappened() {
    expect(everything()).toEqual(before)
    expect(server.logs.filter(line => secrets.some(secret => line.includes(secret)))).toEqual([])
    expect(server.logs.filter(line => /error/i.test(line))).toEqual([])
  }

  /** Only what a client of Node's can send: it refuses control characters and what is not Latin 1, and so does the server. */
  const headerText = (maxLength: number) => fc.string({ unit: fc.integer({ min: 0x20, max: 0xFF }).filter(code => code !== 0x7F).map(code => String.fromCharCode(code)), maxLength })

  it(`as ${COOKIES} cookies (A1 to A3, A14, A18, A20 to A25)`, async () => {
    const good = cookie.slice(NAME.length + 1)
    const value = fc.oneof(
      fc.tuple(fc.nat(good.length - 1), headerText(4).filter(text => text !== '')).map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1)),
      fc.nat(good.length - 1).map(length => good.slice(0, length)),
      headerText(600),
      fc.base64String({ minLength: 108, maxLength: 108 }),
    ).filter(text => text.split(';', 1)[0]!.trim() !== good)
    const header = fc.oneof(
      { weight: 4, arbitrary: value.map(text => `${NAME}=${text}`) },
      value.map(text => `${cookie}; ${NAME}=${text}`),
      headerText(300).filter(text => !text.includes(NAME)),
      fc.constantFrom('__host-session', '__HOST-SESSION', `=${NAME}`, `${NAME} `, `x${NAME}`).map(name => `${name}=${good}`),
    )
    await fc.assert(fc.asyncProperty(together(header), headers => inParallel(headers, async (text) => {
      const answer = await send('/api/_session', { cookie: text })
      expect(answer.setCookie).toEqual([])
      expect(JSON.parse(answer.body)).toMatchObject({ status: 'anonymous', session: null })
    })), fuzzing(COOKIES / AT_ONCE))
    expectNothingHappened()
  })

  it(`as ${BODIES} bodies (D4, D5, D8, D9, X6)`, async () => {
    const routes = [['POST', '/api/session'], ['POST', '/api/account/register'], ['POST', '/api/account/sign-in'], ['POST', '/api/account/confirm'], ['PUT', '/api/account/password']] as const
    const field = fc.oneof(fc.constantFrom('session', 'name', 'password', 'current', 'remember', '__proto__', 'constructor', 'prototype', 'owner', 'toString'), fc.string({ maxLength: 8 }))
    const odd = fc.oneof(fc.constantFrom<unknown>('', 'ada', null, true, -0, 2 ** 53 + 1, [], {}, 'x'.repeat(257)), fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: 'binary', maxLength: 40 }))
    const object = fc.dictionary(field, odd, { maxKeys: 6 }).filter(value => !isRegistration(value)).map(value => JSON.stringify(value))
    const body = fc.oneof(
      { weight: 4, arbitrary: object },
      fc.jsonValue().map(value => JSON.stringify(value)),
      fc.tuple(object, fc.nat(40)).map(([text, at]) => text.slice(0, at)),
      fc.tuple(fc.integer({ min: 1, max: 200 }), fc.constantFrom('[', '{"a":')).map(([depth, open]) => open.repeat(depth)),
      fc.constantFrom('{"session":1e400}', '{"name":"ada","password":"\\ud800"}', '{"session":"\\u0000"}', '\uFEFF{}', '{"a":1,"a":2}', '{"__proto__":{"session":"x"}}'),
      fc.uint8Array({ maxLength: 200 }).map(bytes => Buffer.from(bytes)),
    )
    const type = fc.oneof({ weight: 6, arbitrary: fc.constant('application/json') }, fc.constantFrom('application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/json, text/plain'), headerText(40).map(text => text.trim()))
    let addresses = 0
    const request = fc.tuple(fc.constantFrom(...routes), body, type, fc.boolean())
    await fc.assert(fc.asyncProperty(together(request), requests => inParallel(requests, async ([[method, path], text, contentType, signedIn]) => {
      addresses++ // Each from an address of its own, or the limits would answer most.
      const headers = { 'content-type': contentType, 'x-forwarded-for': `10.1.${addresses >> 8 & 255}.${addresses & 255}` }
      const answer = await send(path, { method, body: text, headers, cookie: signedIn ? cookie : undefined })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.setCookie).toEqual([])
    })), fuzzing(BODIES / AT_ONCE))
    expect(Object.keys(Object.prototype)).toEqual([])
    expectNothingHappened()
  })

  it(`as ${CLAIMS} claims about where they come from (B2 to B11, B18, C4)`, async () => {
    const { origin: own } = server
    const host = new URL(own).host
    const hostile = fc.oneof(
      fc.constantFrom('null', 'https://evil.test', `http://${host}`, 'https://localhost', 'https://localhost:2015', 'https://127.0.0.1', `${own}.evil.test`, `https://evil.test/${host}`, `https://evil${host}`, `${own}/`, `${own} `.repeat(2).trim(), own.toUpperCase(), `${own},https://evil.test`, 'https://[::1]', 'file://', 'localhost'),
      headerText(30).map(text => text.trim()).filter(text => text !== ''),
    ).filter(text => text !== own)
    const said = fc.record({
      'origin': fc.option(hostile, { nil: undefined }),
      'sec-fetch-site': fc.option(fc.constantFrom('cross-site', 'same-site', 'none', 'Same-Origin', 'same-origin, cross-site', '', 'x'), { nil: undefined }),
      'referer': fc.option(fc.oneof(fc.constantFrom('https://evil.test/', `https://evil.test/?${own}/`, `${own}.evil.test/`, `http://${host}/`, 'about:blank', '/'), headerText(20).map(text => text.trim())), { nil: undefined }),
      'sec-fetch-mode': fc.option(fc.constantFrom('navigate', 'cors', 'no-cors', 'same-origin'), { nil: undefined }),
      'x-http-method-override': fc.option(fc.constantFrom('GET', 'DELETE'), { nil: undefined }),
      'x-forwarded-host': fc.option(fc.constantFrom('evil.test', host), { nil: undefined }),
    })
    const method = fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE')
    const path = fc.constantFrom('/api/session', '/api/_session/extend', '/api/_session/devices', '/api/account/sign-out', '/api/account/sign-in', '/api/account/password', '/api/account', '/api/session?_method=GET', '/', '/nowhere')
    await fc.assert(fc.asyncProperty(together(fc.tuple(method, path, said)), requests => inParallel(requests, async ([verb, target, claims]) => {
      const headers = Object.fromEntries(Object.entries(claims).filter(([, text]) => text !== undefined)) as Record<string, string>
      const answer = await sendAs(verb, target, headers)
      expect([answer.status, answer.setCookie]).toEqual([403, []])
      expect(Object.keys(answer.headers).filter(name => name.startsWith('access-control'))).toEqual([])
    })), fuzzing(CLAIMS / AT_ONCE))
    expectNothingHappened()
  })

  /** What would rightly create an account: chance comes up with that, too. */
  function isRegistration({ name, password }: Record<string, unknown>): boolean {
    return typeof name === 'string' && typeof password === 'string' && password.length >= MIN_PASSWORD_LENGTH
  }

  /** Without the Origin that `call` would add. */
  function sendAs(method: string, path: string, headers: Record<string, string>): Promise<Answer> {
    return send(path, { method, cookie, headers: { 'content-type': 'application/json', ...headers }, body: '{}', bare: true })
  }
})
