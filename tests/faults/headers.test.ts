import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
import type { CallOptions } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'

const OUTPUT = join(import.meta.dirname, '../../.output')
const ENTRY = join(OUTPUT, 'server/index.mjs')
const CLIENT = 'https://client.example'
const HTML = { accept: 'text/html' }

const EVERYWHERE = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': expect.stringMatching(/camera=\(\)/),
  'strict-transport-security': 'max-age=60', // On localhost.
  'content-security-policy': expect.stringMatching(
    /^default-src 'none'; .*base-uri 'none'; .*frame-ancestors 'none'$/,
  ),
}

const PREFLIGHT = { 'origin': CLIENT, 'access-control-request-method': 'PUT' }
const POST = { method: 'POST', json: { session: 'x' } }

let server: BuiltServer

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the security headers', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ NUXT_CLOAKROOM_ALLOWED_ORIGINS: CLIENT })
  })

  afterAll(() => server?.dispose())

  const script = () => `/_nuxt/${readdirSync(join(OUTPUT, 'public/_nuxt')).find(name => name.endsWith('.js'))}`
  const now = () => new Date().toUTCString()

  it.each<[what: string, status: number, request: () => [path: string, options?: CallOptions]]>([
    ['a page', 200, () => ['/', { headers: HTML }]],
    ['data', 200, () => ['/api/session']],
    ['a response without a body', 204, () => ['/api/session', { method: 'DELETE' }]],
    ['a static file', 200, () => ['/favicon.svg']],
    ['a script', 200, () => [script()]],
    ['an unmodified static file', 304, () => ['/favicon.svg', { headers: { 'if-modified-since': now() } }]],
    ['an unknown page', 404, () => ['/none', { headers: HTML }]],
    ['an unknown API route', 404, () => ['/api/none']],
    ['an unknown static file', 404, () => ['/_nuxt/none.js']],
    ['a refusal without a session', 401, () => ['/api/session', POST]],
    ['a refusal of a foreign origin', 403, () => {
      return ['/api/session', { method: 'PUT', headers: { origin: 'https://evil.test' } }]
    }],
    ['a preflight of a listed origin', 204, () => ['/api/session', { method: 'OPTIONS', headers: PREFLIGHT }]],
    ['a method that is not allowed', 405, () => ['/api/session', { method: 'PATCH' }]],
    ['a body that is not JSON', 415, () => {
      return ['/api/session', { method: 'POST', headers: { 'content-type': 'text/plain' } }]
    }],
  ])('are set on %s (%i)', async (_, status, request) => {
    const [path, options] = request()
    const response = await call(server.origin + path, options)
    expect(response.status).toBe(status)
    expect(response.headers).toMatchObject(EVERYWHERE)
    expect(response.headers).not.toHaveProperty('x-powered-by')
  })

  it('give each page, also an error page, its own nonce, which all inline scripts and styles carry', async () => {
    const pages = await Promise.all(['/', '/', '/none'].map(path => call(server.origin + path, { headers: HTML })))
    const nonces = pages.map(({ headers, body }) => {
      const policy = headers['content-security-policy'] as string
      const [, nonce] = /script-src 'self' 'nonce-([\w+/]{22}==)';/.exec(policy)!
      const tags = body.match(/<(?:script|style)[^>]*>/g)!
      expect(tags.length).toBeGreaterThan(4)
      expect(tags.filter(tag => !tag.includes(` nonce="${nonce}"`))).toEqual([])
      return nonce
    })
    expect(new Set(nonces).size).toBe(pages.length)
  })

  it('let a listed origin read the response, and no other origin', async () => {
    const headers = { origin: CLIENT }
    const allowed = await call(`${server.origin}/api/session`, { headers })
    const refused = await call(`${server.origin}/api/session`, { ...POST, headers })
    for (const { headers } of [allowed, refused]) {
      expect(headers).toMatchObject({
        'access-control-allow-origin': CLIENT,
        'access-control-allow-credentials': 'true',
      })
    }
    const foreign = await call(`${server.origin}/api/session`, { headers: { origin: 'https://evil.test' } })
    expect(foreign.headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('let no browser wait at a sign-out until its cache is cleared', async () => {
    const first = await call(`${server.origin}/api/session`)
    const cookie = cookiePair(first.setCookie[0]!)
    const ended = await call(`${server.origin}/api/session`, { method: 'DELETE', cookie })
    expect([ended.status, ended.headers['clear-site-data']]).toEqual([204, undefined])
  })

  it('and the body of an error do not repeat a host that a client has sent', async () => {
    const { body, headers } = await call(`${server.origin}/api/none?a=b`, {
      headers: { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http' },
    })
    expect(JSON.parse(body)).toMatchObject({ url: '/api/none?a=b', statusCode: 404 })
    expect(body + JSON.stringify(headers)).not.toContain('evil.test')
  })
})
