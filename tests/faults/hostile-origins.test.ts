import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import type { Answer, CallOptions } from '../support/https.ts'
import { rawHead, sendRaw } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { changeDatabase, dumpStore, lockStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const LISTED = 'https://app.example.com'
const FORGED_LIMIT = 5
const FOREIGN = { 'origin': 'https://evil.test', 'sec-fetch-site': 'cross-site' }

let server: BuiltServer
let cookie: string
let id: string

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a server that listens to others', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ NUXT_SESSION_ALLOWED_ORIGINS: LISTED, NUXT_SESSION_FORGED_COOKIE_LIMIT: String(FORGED_LIMIT), NUXT_SESSION_WEBHOOK_PATHS: '/api/session,/api/webhook' })
    const first = await call(`${server.origin}/api/session`)
    cookie = cookiePair(first.setCookie[0]!)
    id = (JSON.parse(first.body) as { id: string }).id
  })

  afterAll(() => server?.dispose())

  const ask = (path: string, options: CallOptions) => call(server.origin + path, { cookie, ...options })
  const corsHeaders = (headers: object) => Object.keys(headers).filter(name => name.startsWith('access-control'))
  const forged = () => `__Host-session=${'A'.repeat(108)}`

  describe('to a listed origin', () => {
    it.each([['TRACE', 'content-type'], ['CONNECT', 'x-evil'], ['POST', 'x-evil, authorization'], ['*', '*']])('lists no more than it has, whatever a preflight asks for: %s with %s (C11)', async (method, headers) => {
      const answer = await ask('/api/session', { method: 'OPTIONS', headers: { 'origin': LISTED, 'access-control-request-method': method, 'access-control-request-headers': headers } })
      expect(answer).toMatchObject({ status: 204, body: '', setCookie: [] })
      expect(answer.headers).toMatchObject({ 'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE', 'access-control-allow-headers': 'Content-Type', 'access-control-allow-origin': LISTED })
    })

    it('answers a preflight for ten minutes, without a look at cookie or session (C9, C15)', async () => {
      changeDatabase(server.storeFile, 'UPDATE sessions SET last_seen_at = last_seen_at - 120000')
      const before = dumpStore(server.storeFile)
      const asked = { 'origin': LISTED, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'content-type', 'access-control-request-private-network': 'true' }
      for (const sent of [cookie, forged(), undefined]) {
        const answer = await ask('/api/session', { method: 'OPTIONS', cookie: sent, headers: asked })
        expect([answer.status, answer.setCookie]).toEqual([204, []])
        expect(answer.headers.vary).toBe('Origin, Access-Control-Request-Method, Access-Control-Request-Headers')
        expect(Object.fromEntries(corsHeaders(answer.headers).map(name => [name, answer.headers[name]]))).toEqual({
          'access-control-allow-origin': LISTED,
          'access-control-allow-credentials': 'true',
          'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': 'Content-Type',
          'access-control-max-age': '600',
        })
      }
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    const errors: { status: number, code?: string, provoke: () => Promise<Answer> }[] = [
      { status: 400, provoke: () => fromListed('POST', '/api/session', { json: [] }) },
      { status: 401, code: 'no_session', provoke: () => fromListed('POST', '/api/session', { json: { session: id }, cookie: undefined }) },
      { status: 403, code: 'not_fresh', provoke: staleDeletion },
      { status: 404, provoke: () => fromListed('POST', '/api/nowhere') },
      { status: 405, provoke: () => fromListed('PATCH', '/api/session') },
      { status: 413, code: 'too_large', provoke: () => fromListed('POST', '/api/session', { json: { session: 'x'.repeat(65_536) } }) },
      { status: 415, code: 'unsupported_type', provoke: () => fromListed('POST', '/api/session', { body: '{}', headers: { 'content-type': 'text/plain' } }) },
      { status: 422, code: 'mismatch', provoke: () => fromListed('POST', '/api/session', { json: { session: 'x' } }) },
      { status: 429, code: 'rate_limited', provoke: flood },
      { status: 500, provoke: brokenAccounts },
      { status: 503, code: 'store_unavailable', provoke: lockedStore },
    ]

    it.each(errors)('lets its page read the refusal: $status (C12)', async ({ status, code, provoke }) => {
      const answer = await provoke()
      expect([answer.status, (JSON.parse(answer.body) as { data?: { code?: string } }).data?.code]).toEqual([status, code])
      expect(corsHeaders(answer.headers)).toHaveLength(2)
      expect(answer.headers).toMatchObject({ 'access-control-allow-origin': LISTED, 'access-control-allow-credentials': 'true' })
      expect(answer.headers.vary).toMatch(/\bOrigin\b/)
      expect(answer.setCookie).toEqual([])
    })

    function fromListed(method: string, path: string, options: CallOptions = {}) {
      return ask(path, { method, ...options, headers: { 'origin': LISTED, 'sec-fetch-site': 'cross-site', 'accept': 'application/json', ...options.headers } })
    }

    async function flood() {
      for (let i = 0; i < FORGED_LIMIT; i++) await fromListed('GET', '/api/_session', { cookie: forged() })
      return fromListed('GET', '/api/_session', { cookie: forged() })
    }

    /** Its own account, long after its owner has authenticated. */
    async function staleDeletion() {
      const { setCookie } = await call(`${server.origin}/api/account/register`, { method: 'POST', json: { name: 'ada', password: 'a passphrase of her own' } })
      changeDatabase(server.storeFile, 'UPDATE sessions SET value = json_set(value, \'$.authenticatedAt\', 0) WHERE owner IS NOT NULL')
      return fromListed('DELETE', '/api/account', { cookie: cookiePair(setCookie[0]!) })
    }

    /** What nobody has foreseen. */
    function brokenAccounts() {
      changeDatabase(join(server.storeFile, '../accounts.db'), 'ALTER TABLE accounts RENAME TO mislaid')
      return fromListed('POST', '/api/account/sign-in', { json: { name: 'ada', password: 'a passphrase of her own' } })
    }

    async function lockedStore() {
      const unlock = lockStore(server.storeFile)
      const answer = await fromListed('PUT', '/api/session')
      unlock()
      return answer
    }
  })

  describe('to a page that is not listed', () => {
    it('answers a preflight with 403, and with nothing that would let it go on (C10)', async () => {
      for (const origin of ['https://evil.test', 'null', `${LISTED}.evil.test`]) {
        const answer = await ask('/api/session', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } })
        expect([answer.status, corsHeaders(answer.headers), answer.setCookie]).toEqual([403, [], []])
      }
    })

    it('keeps the answer of a GET with the cookie from it, and touches nothing (C13)', async () => {
      const before = dumpStore(server.storeFile)
      for (const origin of ['https://evil.test', 'null', `${LISTED}.evil.test`]) {
        const answer = await ask('/api/session', { headers: { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' } })
        expect(corsHeaders(answer.headers)).toEqual([])
        expect(answer.headers.vary).toMatch(/\bOrigin\b/)
        expect(answer.setCookie).toEqual([])
      }
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    it.each(['iframe', 'object', 'embed'])('makes no session for its %s, which no visitor has followed there', async (dest) => {
      const before = dumpStore(server.storeFile)
      const answer = await call(`${server.origin}/api/session`, { headers: { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': dest } })
      expect(answer).toMatchObject({ status: 403, setCookie: [] })
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    it('makes no session for it by GET (C13)', async () => {
      const before = dumpStore(server.storeFile)
      const answer = await call(`${server.origin}/api/session`, { headers: { ...FOREIGN, 'sec-fetch-mode': 'cors' } })
      expect(answer).toMatchObject({ status: 403, setCookie: [] })
      expect(corsHeaders(answer.headers)).toEqual([])
      expect(dumpStore(server.storeFile)).toEqual(before)
    })
  })

  describe('at the path of a webhook (B24)', () => {
    it('lets anybody call', async () => {
      for (const path of ['/api/session', '/api/session?from=provider']) {
        const answer = await call(server.origin + path, { method: 'POST', json: { session: id }, headers: FOREIGN })
        expect([answer.status, JSON.parse(answer.body)]).toMatchObject([401, { data: { code: 'no_session' } }])
      }
      expect((await call(`${server.origin}/api/webhook`, { method: 'POST', json: {}, headers: FOREIGN })).status).toBe(404)
    })

    it.each(['PUT', 'DELETE'])('lets nobody change a session by %s who may not elsewhere', async (method) => {
      const before = dumpStore(server.storeFile)
      const answer = await ask('/api/session', { method, headers: FOREIGN })
      expect([answer.status, JSON.parse(answer.body), answer.setCookie]).toMatchObject([403, { data: { code: 'cross_origin_refused' } }, []])
      expect(dumpStore(server.storeFile)).toEqual(before)
    })

    it.each(['/api/session-admin', '/api/session/', '/api/session/x', '/api/webhook-admin', '/api/webhook/x', '/api', '/api/%73ession', '/api/session;x', '//api/session', '/API/session', '/api/session%3F', '/api/session%23', '/x/../api/session', '/api/./session', '/'])('lets nobody through by a path that only looks like it: %s', async (path) => {
      // By hand: a client library would tidy up the path.
      const body = JSON.stringify({ session: id })
      const head = rawHead(server, 'POST', path, [`Cookie: ${cookie}`, 'Accept: application/json', 'Origin: https://evil.test', 'Content-Type: application/json', `Content-Length: ${body.length}`])
      const { status, text } = await sendRaw(server, head + body)
      expect([status, text]).toEqual([403, expect.stringContaining('"cross_origin_refused"')])
    })

    it('still answers an own page', async () => {
      expect(await ask('/api/session', { method: 'POST', json: { session: id } })).toMatchObject({ status: 200 })
    })
  })
})
