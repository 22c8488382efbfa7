import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { call, cookiePair } from '../support/https.ts'
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
  'content-security-policy': expect.stringMatching(/^default-src 'none'; .*base-uri 'none'; .*frame-ancestors 'none'$/),
}

let server: BuiltServer

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('security headers', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ NUXT_SESSION_ALLOWED_ORIGINS: CLIENT })
  })

  afterAll(() => server?.dispose())

  const script = () => `/_nuxt/${readdirSync(join(OUTPUT, 'public/_nuxt')).find(name => name.endsWith('.js'))}`

  it.each<[string, number, () => [string, Parameters<typeof call>[1]?]]>([
    ['a page', 200, () => ['/', { headers: HTML }]],
    ['data', 200, () => ['/api/session']],
    ['an answer without a body', 204, () => ['/api/session', { method: 'DELETE' }]],
    ['a static file', 200, () => ['/favicon.svg']],
    ['a script', 200, () => [script()]],
    ['a static file that is not new', 304, () => ['/favicon.svg', { headers: { 'if-modified-since': new Date().toUTCString() } }]],
    ['a page that is not there', 404, () => ['/none', { headers: HTML }]],
    ['an API route that is not there', 404, () => ['/api/none']],
    ['a static file that is not there', 404, () => ['/_nuxt/none.js']],
    ['a refusal by the session layer', 401, () => ['/api/session', { method: 'POST', json: { session: 'x' } }]],
    ['a refusal by the origin guard', 403, () => ['/api/session', { method: 'PUT', headers: { origin: 'https://evil.test' } }]],
    ['a preflight of a listed origin', 204, () => ['/api/session', { method: 'OPTIONS', headers: { 'origin': CLIENT, 'access-control-request-method': 'PUT' } }]],
    ['a method that is not allowed', 405, () => ['/api/session', { method: 'PATCH' }]],
    ['a body that is not JSON', 415, () => ['/api/session', { method: 'POST', headers: { 'content-type': 'text/plain' } }]],
  ])('stand on %s (%i)', async (_, status, request) => {
    const [path, options] = request()
    const answer = await call(server.origin + path, options)
    expect(answer.status).toBe(status)
    expect(answer.headers).toMatchObject(EVERYWHERE)
    expect(answer.headers).not.toHaveProperty('x-powered-by')
  })

  it('give each page a nonce of its own, which all its inline scripts and styles carry, in errors too', async () => {
    const pages = await Promise.all(['/', '/', '/none'].map(path => call(server.origin + path, { headers: HTML })))
    const nonces = pages.map(({ headers, body }) => {
      const [, nonce] = /script-src 'self' 'nonce-([\w+/]{22}==)';/.exec(headers['content-security-policy'] as string)!
      const tags = body.match(/<(?:script|style)[^>]*>/g)!
      expect(tags.length).toBeGreaterThan(4)
      expect(tags.filter(tag => !tag.includes(` nonce="${nonce}"`))).toEqual([])
      return nonce
    })
    expect(new Set(nonces).size).toBe(pages.length)
  })

  it('leave the answer readable for a listed origin, and tell no other (C1, C12)', async () => {
    const listed = await call(`${server.origin}/api/session`, { headers: { origin: CLIENT } })
    const refused = await call(`${server.origin}/api/session`, { method: 'POST', json: { session: 'x' }, headers: { origin: CLIENT } })
    for (const { headers } of [listed, refused]) expect(headers).toMatchObject({ 'access-control-allow-origin': CLIENT, 'access-control-allow-credentials': 'true' })
    expect((await call(`${server.origin}/api/session`, { headers: { origin: 'https://evil.test' } })).headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('clear the cache at sign-out, and at no other time', async () => {
    const first = await call(`${server.origin}/api/session`)
    const ended = await call(`${server.origin}/api/session`, { method: 'DELETE', cookie: cookiePair(first.setCookie[0]!) })
    expect(first.headers).not.toHaveProperty('clear-site-data')
    expect(ended.headers['clear-site-data']).toBe('"cache"')
  })

  it('are told no host by a client: an error names its path', async () => {
    const { body, headers } = await call(`${server.origin}/api/none?a=b`, { headers: { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http' } })
    expect(JSON.parse(body)).toMatchObject({ url: '/api/none?a=b', statusCode: 404 })
    expect(body + JSON.stringify(headers)).not.toContain('evil.test')
  })
})
