import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

describe('attacks on an app by headers', () => {
  let server: FixtureServer
  let plain: FixtureServer

  beforeAll(async () => {
    const app = await buildPackedApp('npm', 'host')
    server = await startFixture(app, { NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '20', NUXT_CLOAKROOM_AUDIT: 'stdout' })
    plain = await startFixture(app, {
      NUXT_CLOAKROOM_BEHIND_PROXY: '', NUXT_CLOAKROOM_TRUSTED_PROXIES: '', NUXT_CLOAKROOM_ORIGIN: '',
    })
  })

  afterAll(async () => {
    await server?.dispose()
    await plain?.dispose()
  })

  /** Sends a request with these headers only. */
  async function send(to: FixtureServer, path: string, headers: Record<string, string>, method = 'GET') {
    const outgoing = request(to.url + path, { method, headers }).end()
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
    return { status: incoming.statusCode!, body: await text(incoming) }
  }

  it.each<Record<string, string>>([
    { 'x-forwarded-host': '%%%' },
    { 'x-forwarded-host': 'a b' },
    { 'x-forwarded-host': 'evil.test, %%%' },
    { 'x-forwarded-proto': 'javascript' },
    { forwarded: 'host="%%%"' },
    { host: '%%%' },
    { host: '999.999.999.999' },
    { host: 'user@evil.test' },
  ])('that break URLs: no 500, and nothing in the log: %j', async (headers) => {
    for (const to of [server, plain]) {
      const before = to.logs.length
      for (const accept of ['text/html', 'application/json']) {
        const { status } = await send(to, '/no-such-page?token=planted', { ...headers, accept })
        expect([400, 404]).toContain(status)
      }
      expect((await send(to, '/api/me', headers)).status).toBe('host' in headers ? 400 : 200)
      expect(to.logs.slice(before)).toEqual([])
    }
  })

  it('such as a target that is a whole URL: 400', async () => {
    const { port } = new URL(plain.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write('GET http://%%%/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
    expect(plain.unusualLogs.filter(line => line.includes('    at '))).toEqual([])
  })

  it('from a client that is not a proxy, which the app does not see', async () => {
    const app = await buildPackedApp('npm', 'host')
    const strict = await startFixture(app, { NUXT_CLOAKROOM_TRUSTED_PROXIES: '192.0.2.1' })
    const forged = { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' }
    const seen = (await send(strict, '/api/headers', forged)).body
    expect(seen.includes('evil.test') || seen.includes('203.0.113.9')).toBe(false)
    expect((await send(strict, '/no-such-page', forged)).body).not.toContain('evil.test')
    await strict.dispose()
  })

  it.each(['GET', 'POST', 'DELETE'])('that contradict each other are refused or write nothing: %s', async (method) => {
    const visitor = new FixtureVisitor(server)
    const path = method === 'DELETE' ? '/api/_session' : '/api/count'
    await visitor.visit('/api/sign-in', { method: 'POST' })
    const headers = { 'origin': 'https://evil.test', 'sec-fetch-site': 'same-origin' }
    if (method === 'GET') {
      expect((await visitor.get('/api/_session/events', headers)).status).toBe(403)
      return
    }
    expect((await visitor.visit(path, { method, headers })).status).toBe(403)
    const own = { 'origin': FIXTURE_ORIGIN, 'sec-fetch-site': 'same-origin' }
    expect((await visitor.visit('/api/count', { method: 'POST', headers: own })).json()).toEqual({ count: 1 })
  })

  it('with forged cookies count on the event stream and on upgrades as elsewhere', async () => {
    const cookie = `__Host-session=${'x'.repeat(108)}`
    const before = server.logs.length
    for (let count = 0; count < 50; count++) {
      expect((await send(server, '/api/_session/events', { cookie })).status).toBe(204)
    }
    const counted = () => {
      const lines = server.logs.slice(before).filter(line => line.includes('"reason":"forged"'))
      return lines.reduce((sum, line) => sum + ((JSON.parse(line) as { count?: number }).count ?? 1), 0)
    }
    await expect.poll(counted, { timeout: 5000 }).toBe(20) // The audit trail writes most of them as a number, later.
  })
})

describe('attacks on an app by bodies', () => {
  let server: FixtureServer

  beforeAll(async () => {
    server = await startFixture(await buildPackedApp('npm', 'host'))
  })

  afterAll(() => server?.dispose())

  const BODIES: [kind: string, bytes: Buffer][] = [
    ['an invalid byte', Buffer.from([0x22, 0xFF, 0x22])],
    ['an overlong sequence', Buffer.from([0x22, 0xC0, 0xAF, 0x22])],
    ['a lone surrogate in bytes', Buffer.from([0x22, 0xED, 0xA0, 0x80, 0x22])],
    ['a truncated sequence', Buffer.from([0x22, 0xE2, 0x82, 0x22])],
    ['a byte order mark', Buffer.from('\uFEFF"a"')],
    ['an escaped lone surrogate', Buffer.from('"\\ud800"')],
    ['one in a name', Buffer.from('{"\\udfff":1}')],
    ['one deep inside', Buffer.from('{"a":[{"b":"x\\uD83D"}]}')],
    ['UTF-16', Buffer.from('"a"', 'utf16le')],
  ]

  it.each(BODIES)('that are not text: 400 for %s', async (_kind, body) => {
    expect((await post(body)).status).toBe(400)
  })

  it.each(['"\uFFFD"', '"😀"', '"\\ud83d\\ude00"', '"\\\\ud800"', '{"é":"\\u0000"}'])('accept %s', async (body) => {
    expect((await post(Buffer.from(body))).status).toBe(200)
  })

  async function post(body: Buffer) {
    const headers = { 'content-type': 'application/json', 'content-length': body.length, 'origin': FIXTURE_ORIGIN }
    const outgoing = request(`${server.url}/api/body/json`, { method: 'POST', headers }).end(body)
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
    await text(incoming)
    return { status: incoming.statusCode! }
  }
})
