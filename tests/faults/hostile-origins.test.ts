import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import type { CallOptions } from '../support/https.ts'
import { rawHead, sendRaw } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const LISTED = 'https://app.example.com'
const FOREIGN = { 'origin': 'https://evil.test', 'sec-fetch-site': 'cross-site' }

let server: BuiltServer
let cookie: string
let id: string

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a server that listens to others', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ NUXT_SESSION_ALLOWED_ORIGINS: LISTED, NUXT_SESSION_WEBHOOK_PATHS: '/api/session,/api/webhook' })
    const first = await call(`${server.origin}/api/session`)
    cookie = cookiePair(first.setCookie[0]!)
    id = (JSON.parse(first.body) as { id: string }).id
  }, 40_000)

  afterAll(() => server?.dispose())

  const ask = (path: string, options: CallOptions) => call(server.origin + path, { cookie, ...options })
  const corsHeaders = (headers: object) => Object.keys(headers).filter(name => name.startsWith('access-control'))

  describe('to a listed origin', () => {
    it.each([['TRACE', 'content-type'], ['CONNECT', 'x-evil'], ['POST', 'x-evil, authorization'], ['*', '*']])('lists no more than it has, whatever a preflight asks for: %s with %s (C11)', async (method, headers) => {
      const answer = await ask('/api/session', { method: 'OPTIONS', headers: { 'origin': LISTED, 'access-control-request-method': method, 'access-control-request-headers': headers } })
      expect(answer).toMatchObject({ status: 204, body: '', setCookie: [] })
      expect(answer.headers).toMatchObject({ 'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE', 'access-control-allow-headers': 'Content-Type', 'access-control-allow-origin': LISTED })
    })
  })

  describe('to a page that is not listed', () => {
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
