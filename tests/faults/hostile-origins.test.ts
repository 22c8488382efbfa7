import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import type { CallOptions, CallResponse } from '../support/https.ts'
import { rawHead, sendRaw } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { changeDatabase, dumpStore, lockStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const ALLOWED = 'https://app.example.com'
const NOT_ALLOWED = ['https://evil.test', 'null', `${ALLOWED}.evil.test`]
/** Wrong passwords per address and account. */
const WRONG_LIMIT = 10
const FOREIGN = { 'origin': 'https://evil.test', 'sec-fetch-site': 'cross-site' }
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const PASSWORD = 'a passphrase of her own'
const LOOK_ALIKE_PATHS = [
  '/api/session-admin', '/api/session/', '/api/session/x', '/api/webhook-admin', '/api/webhook/x', '/api',
  '/api/%73ession', '/api/session;x', '//api/session', '/API/session', '/api/session%3F', '/api/session%23',
  '/x/../api/session', '/api/./session', '/',
]

let server: BuiltServer
let cookie: string
let value: string

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the server', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({
      NUXT_CLOAKROOM_ALLOWED_ORIGINS: ALLOWED,
      NUXT_CLOAKROOM_WEBHOOK_PATHS: '/api/session,/api/webhook',
    })
    const first = await call(`${server.origin}/api/session`)
    cookie = cookiePair(first.setCookie[0]!)
    value = (JSON.parse(first.body) as { id: string }).id
  })

  afterAll(() => server?.dispose())

  const ask = (path: string, options: CallOptions) => call(server.origin + path, { cookie, ...options })
  const corsHeaders = (headers: object) => Object.keys(headers).filter(name => name.startsWith('access-control'))
  const forged = () => `__Host-session=${'A'.repeat(108)}`

  describe('for a page of an allowed origin', () => {
    it.each([
      ['TRACE', 'content-type'],
      ['CONNECT', 'x-evil'],
      ['POST', 'x-evil, authorization'],
      ['*', '*'],
    ])('allows no other methods, and no wildcard, if a preflight asks for %s with %s', async (method, headers) => {
      const response = await ask('/api/session', {
        method: 'OPTIONS',
        headers: {
          'origin': ALLOWED,
          'access-control-request-method': method,
          'access-control-request-headers': headers,
        },
      })
      expect(response).toMatchObject({ status: 204, body: '', setCookie: [] })
      expect(response.headers).toMatchObject({
        'access-control-allow-methods': METHODS,
        'access-control-allow-origin': ALLOWED,
      })
      expect(response.headers['access-control-allow-headers'] ?? '').not.toContain('*')
    })

    it('lets a preflight be cached for ten minutes, and reads neither cookie nor session for it', async () => {
      changeDatabase(server.storeFile, 'UPDATE sessions SET last_seen_at = last_seen_at - 120000')
      const before = dumpStore(server.storeFile)
      const headers = {
        'origin': ALLOWED,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-type',
        'access-control-request-private-network': 'true',
      }
      for (const sent of [cookie, forged(), undefined]) {
        const response = await ask('/api/session', { method: 'OPTIONS', cookie: sent, headers })
        expect([response.status, response.setCookie]).toEqual([204, []])
        expect(response.headers.vary)
          .toBe('Origin, Access-Control-Request-Method, Access-Control-Request-Headers')
        const received = corsHeaders(response.headers).map(name => [name, response.headers[name]])
        expect(Object.fromEntries(received)).toEqual({
          'access-control-allow-origin': ALLOWED,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': METHODS,
          'access-control-allow-headers': 'content-type',
          'access-control-max-age': '600',
        })
      }
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    const write = (options: CallOptions) => fromAllowed('POST', '/api/session', options)
    const text = { body: '{}', headers: { 'content-type': 'text/plain' } }
    const errors: { status: number, code?: string, provoke: () => Promise<CallResponse> }[] = [
      { status: 400, provoke: () => write({ json: [] }) },
      { status: 401, code: 'no_session', provoke: () => write({ json: { session: value }, cookie: undefined }) },
      { status: 403, code: 'not_fresh', provoke: deleteAccountLate },
      { status: 404, provoke: () => fromAllowed('POST', '/api/nowhere') },
      { status: 405, provoke: () => fromAllowed('PATCH', '/api/session') },
      { status: 413, code: 'too_large', provoke: () => write({ json: { session: 'x'.repeat(65_536) } }) },
      { status: 415, code: 'unsupported_type', provoke: () => write(text) },
      { status: 422, code: 'mismatch', provoke: () => write({ json: { session: 'x' } }) },
      { status: 429, code: 'rate_limited', provoke: guessPasswords },
      { status: 503, code: 'busy', provoke: signInWithoutTable },
      { status: 503, code: 'store_unavailable', provoke: writeToLockedStore },
    ]

    it.each(errors)('makes the error $status $code readable', async ({ status, code, provoke }) => {
      const response = await provoke()
      const { data } = JSON.parse(response.body) as { data?: { code?: string } }
      expect([response.status, data?.code]).toEqual([status, code])
      expect(corsHeaders(response.headers)).toHaveLength(3)
      expect(response.headers).toMatchObject({
        'access-control-allow-origin': ALLOWED,
        'access-control-allow-credentials': 'true',
      })
      expect(response.headers.vary).toMatch(/\bOrigin\b/)
      expect(response.setCookie).toEqual([])
    })

    function fromAllowed(method: string, path: string, options: CallOptions = {}) {
      const headers = { 'origin': ALLOWED, 'sec-fetch-site': 'cross-site', 'accept': 'application/json' }
      return ask(path, { method, ...options, headers: { ...headers, ...options.headers } })
    }

    async function guessPasswords() {
      const guess = () => {
        return fromAllowed('POST', '/api/account/sign-in', { json: { name: 'unknown', password: 'a wrong password' } })
      }
      for (let i = 0; i < WRONG_LIMIT; i++) await guess()
      return guess()
    }

    /** Deletes an account a long time after its user has authenticated. */
    async function deleteAccountLate() {
      const account = { name: 'ada', password: PASSWORD }
      const url = `${server.origin}/api/account/register`
      const { setCookie } = await call(url, { method: 'POST', json: account })
      const sql = 'UPDATE sessions SET value = json_set(value, \'$.authenticatedAt\', 0) WHERE user_id IS NOT NULL'
      changeDatabase(server.storeFile, sql)
      return fromAllowed('DELETE', '/api/account', { cookie: cookiePair(setCookie[0]!) })
    }

    /** Causes an error that the server does not expect. */
    function signInWithoutTable() {
      changeDatabase(join(server.storeFile, '../accounts.db'), 'ALTER TABLE accounts RENAME TO mislaid')
      return fromAllowed('POST', '/api/account/sign-in', { json: { name: 'ada', password: PASSWORD } })
    }

    async function writeToLockedStore() {
      const unlock = lockStore(server.storeFile)
      const response = await fromAllowed('PUT', '/api/session')
      unlock()
      return response
    }
  })

  describe('for a page of another origin', () => {
    it('refuses a preflight with 403, without any header that allows a call', async () => {
      for (const origin of NOT_ALLOWED) {
        const headers = { origin, 'access-control-request-method': 'PUT' }
        const response = await ask('/api/session', { method: 'OPTIONS', headers })
        expect([response.status, corsHeaders(response.headers), response.setCookie]).toEqual([403, [], []])
      }
    })

    it('keeps the response to a GET with the cookie unreadable, and changes nothing', async () => {
      const before = dumpStore(server.storeFile)
      for (const origin of NOT_ALLOWED) {
        const headers = { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }
        const response = await ask('/api/session', { headers })
        expect(corsHeaders(response.headers)).toEqual([])
        expect(response.headers.vary).toMatch(/\bOrigin\b/)
        expect(response.setCookie).toEqual([])
      }
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    it.each(['iframe', 'object', 'embed'])('creates no session for its %s, unlike for a link', async (dest) => {
      const before = dumpStore(server.storeFile)
      const headers = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': dest }
      const response = await call(`${server.origin}/api/session`, { headers })
      expect(response).toMatchObject({ status: 403, setCookie: [] })
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    it('creates no session for a GET', async () => {
      const before = dumpStore(server.storeFile)
      const headers = { ...FOREIGN, 'sec-fetch-mode': 'cors' }
      const response = await call(`${server.origin}/api/session`, { headers })
      expect(response).toMatchObject({ status: 403, setCookie: [] })
      expect(corsHeaders(response.headers)).toEqual([])
      expect(dumpStore(server.storeFile)).toEqual(before)
    })
  })

  describe('at a webhook path', () => {
    it('accepts calls of any origin', async () => {
      const post = (path: string, json: object) =>
        call(server.origin + path, { method: 'POST', json, headers: FOREIGN })
      for (const path of ['/api/session', '/api/session?from=provider']) {
        const response = await post(path, { session: value })
        expect(response.status).toBe(401)
        expect(JSON.parse(response.body)).toMatchObject({ data: { code: 'no_session' } })
      }
      expect((await post('/api/webhook', {})).status).toBe(404)
    })

    it.each(['PUT', 'DELETE'])('refuses a foreign %s that changes a session, as elsewhere', async (method) => {
      const before = dumpStore(server.storeFile)
      const response = await ask('/api/session', { method, headers: FOREIGN })
      expect([response.status, response.setCookie]).toEqual([403, []])
      expect(JSON.parse(response.body)).toMatchObject({ data: { code: 'cross_origin_refused' } })
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    it.each(LOOK_ALIKE_PATHS)('does not accept a path that is only similar: %s', async (path) => {
      // Without a client library, which would normalize the path.
      const body = JSON.stringify({ session: value })
      const head = rawHead(server, 'POST', path, [
        `Cookie: ${cookie}`,
        'Accept: application/json',
        'Origin: https://evil.test',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
      ])
      const { status, text } = await sendRaw(server, head + body)
      expect([status, text]).toEqual([403, expect.stringContaining('"cross_origin_refused"')])
    })

    it('accepts calls of its own pages', async () => {
      expect(await ask('/api/session', { method: 'POST', json: { session: value } })).toMatchObject({ status: 200 })
    })
  })
})
