import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateKey, parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { newSessionCookie, seal } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { openSocket, requestUpgrade } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

const LISTED = 'https://app.example.com'
const EVIL = 'https://evil.test'
const NAME = '__Host-session'
const TOP_LEVEL = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

describe('requests of other origins to another app', () => {
  let app: string
  let server: FixtureServer
  let visitor: FixtureVisitor

  beforeAll(async () => {
    app = await buildPackedApp('npm', 'host')
    server = await startFixture(app, {
      NUXT_CLOAKROOM_ALLOWED_ORIGINS: LISTED,
      NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '3',
    })
  })

  afterAll(() => server?.dispose())

  beforeEach(() => {
    visitor = new FixtureVisitor(server)
  })

  const post = (path: string, headers: Record<string, string>, json?: unknown) =>
    visitor.visit(path, { method: 'POST', headers, json })
  const me = async (who = visitor) => (await who.get('/api/me')).json<{ userId: string, id: string }>()

  describe('a form of an identity provider', () => {
    const submit = (headers: Record<string, string>, user = 'bob') =>
      post('/api/apple/callback', { origin: 'https://appleid.apple.com', ...headers }, { user })

    it.each([
      ['with Fetch Metadata', TOP_LEVEL],
      ['without Fetch Metadata', {}],
    ])('begins a session where a rule says so, %s', async (_, headers) => {
      const response = await submit(headers)
      expect(response.json()).toEqual({ before: null, userId: 'bob', id: expect.any(String) as string })
      expect(await me()).toMatchObject({ userId: 'bob' })
    })

    it('neither sees nor changes the session that the browser has', async () => {
      await visitor.post('/api/sign-in?name=ada')
      const before = visitor.copy()
      const { id } = await me(before)
      expect((await submit(TOP_LEVEL, 'none')).json()).toEqual({ before: null })
      expect((await submit(TOP_LEVEL)).json()).toMatchObject({ before: null, userId: 'bob' })
      expect(await me(before)).toMatchObject({ userId: 'ada', id })
      expect(await me()).toMatchObject({ userId: 'bob' })
    })

    it.each([
      ['a script', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
      ['a frame', { ...TOP_LEVEL, 'sec-fetch-dest': 'iframe' }],
    ])('is refused if it comes from %s', async (_, headers) => {
      expect((await submit(headers)).status).toBe(403)
    })

    it('is refused on a route without the rule, and with another method', async () => {
      const origin = 'https://appleid.apple.com'
      expect((await post('/api/count', { origin, ...TOP_LEVEL })).status).toBe(403)
      expect((await post('/api/apple/closed', { origin, ...TOP_LEVEL })).status).toBe(403)
      const put = await visitor.visit('/api/apple/callback', { method: 'PUT', headers: { origin, ...TOP_LEVEL } })
      expect(put.status).toBe(403)
    })

    it('of this app’s own page uses the session as usual', async () => {
      await visitor.post('/api/sign-in?name=ada')
      expect((await visitor.post('/api/apple/callback', { user: 'none' })).json()).toEqual({ before: 'ada' })
    })
  })

  describe('a path on which a rule switches sessions off', () => {
    it.each(['GET', 'POST', 'DELETE'])('accepts %s of any origin, with a parameter in the path', async (method) => {
      await visitor.post('/api/sign-in')
      const headers = { 'origin': EVIL, 'sec-fetch-site': 'cross-site' }
      const response = await visitor.visit('/api/widget/7', { method, headers })
      expect(response.json()).toEqual({ id: '7', method, cookie: null })
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
    })

    it('answers its own preflights, also to an origin that is not listed', async () => {
      for (const origin of [EVIL, LISTED]) {
        const headers = { origin, 'access-control-request-method': 'POST' }
        const response = await visitor.visit('/api/widget/7', { method: 'OPTIONS', headers })
        expect(response.status).toBe(204)
        expect(response.headers.get('access-control-allow-headers')).toBe('x-widget')
        expect(response.headers.get('access-control-allow-credentials')).toBeNull()
      }
    })

    it('has no session, not even by a call that the server makes to itself', async () => {
      await visitor.post('/api/sign-in')
      for (const path of ['/api/widget/7?session=1', '/api/widget/7?nested=1', '/api/through']) {
        expect((await visitor.get(path)).status).toBe(500)
      }
      const sentence = '/api/widget/7 has the route rule session: false, and uses a session'
      expect(await server.linesWith(sentence)).not.toEqual([])
    })

    it('leaves other paths as they were', async () => {
      expect((await post('/api/count', { origin: EVIL })).status).toBe(403)
    })
  })

  describe('a listed origin', () => {
    const preflight = (path: string, names: string) => visitor.visit(path, {
      method: 'OPTIONS',
      headers: { 'origin': LISTED, 'access-control-request-method': 'POST', 'access-control-request-headers': names },
    })

    it.each([
      'sentry-trace,baggage', 'traceparent', 'authorization', 'content-type,x-requested-with', 'X-Custom_1',
    ])('may send the headers %s', async (names) => {
      const { status, headers } = await preflight('/api/count', names)
      expect([status, headers.get('access-control-allow-headers')]).toEqual([204, names])
    })

    it('may read Retry-After', async () => {
      const { headers } = await visitor.get('/api/me', { origin: LISTED })
      expect(headers.get('access-control-expose-headers')).toContain('Retry-After')
    })

    it('is named exactly, also on a route with the rule cors: true', async () => {
      for (const response of [
        await visitor.get('/api/rule/open', { origin: LISTED }), await preflight('/api/rule/open', 'x-a'),
      ]) {
        expect(response.headers.get('access-control-allow-origin')).toBe(LISTED)
        expect(response.headers.get('access-control-allow-credentials')).toBe('true')
        expect(response.headers.get('vary')).toContain('Origin')
      }
    })

    it.each([LISTED, EVIL])('has a response of its own in caches, also if the route sets Vary: %s', async (origin) => {
      const { headers } = await visitor.get('/api/rule/varied', { origin })
      expect(headers.get('vary')).toBe('Accept-Language, Origin')
    })

    it('is the only one with credentials: another one gets what the rule says', async () => {
      const { headers } = await visitor.get('/api/rule/open', { origin: EVIL })
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(headers.get('access-control-allow-credentials')).toBeNull()
    })
  })

  describe('a program that is not a browser', () => {
    const send = (headers: Record<string, string>) =>
      fetch(`${server.url}/api/count`, { method: 'POST', headers }).then(({ status }) => status)

    it('may send cookies of a balancer without an Origin', async () => {
      expect(await send({ cookie: 'AWSALB=abc; other=1' })).toBe(200)
    })

    it('may send a bearer token without an Origin, also with a session cookie', async () => {
      await visitor.post('/api/sign-in')
      expect(await send({ authorization: 'Bearer abc', cookie: visitor.cookie })).toBe(200)
    })

    it('has to send an Origin with a session cookie, or with a password that browsers remember', async () => {
      await visitor.post('/api/sign-in')
      expect(await send({ cookie: visitor.cookie })).toBe(403)
      expect(await send({ cookie: visitor.cookie, authorization: 'Basic YTpi' })).toBe(403)
      expect(await send({ cookie: visitor.cookie, origin: FIXTURE_ORIGIN })).toBe(200)
    })

    it('may not send a bearer token from a page of another origin', async () => {
      expect(await send({ authorization: 'Bearer abc', origin: EVIL })).toBe(403)
    })
  })

  describe('cookies of unknown keys', () => {
    const forged = () => `${NAME}=${seal(parseKeyRing(generateKey()), NAME, newSessionCookie())}`

    it('never cause a request to be refused, and are replaced at the next sign-in', async () => {
      const cookie = forged()
      for (let i = 0; i < 10; i++) {
        expect((await fetch(server.url, { headers: { cookie } })).status).toBe(200)
        expect((await fetch(`${server.url}/api/me`, { headers: { cookie } })).status).toBe(200)
      }
      const response = await visitor.visit('/api/sign-in', { method: 'POST', headers: { cookie } })
      expect(response.status).toBe(200)
      expect(response.setCookie).toEqual([expect.stringMatching(/^__Host-session=A/) as string])
      expect(await me()).toMatchObject({ userId: 'ada' })
    })

    it('are reported once', async () => {
      for (let i = 0; i < 5; i++) await fetch(`${server.url}/api/me`, { headers: { cookie: forged() } })
      const warnings = await server.linesWith('sealed with a key this server does not have')
      expect(warnings).toHaveLength(1)
    })
  })

  describe('WebSockets', () => {
    it('without a session cookie are the app’s, whatever their origin', async () => {
      for (const headers of [{ origin: EVIL }, { origin: EVIL, cookie: 'other=1' }, {}] as Record<string, string>[]) {
        expect((await requestUpgrade(server, '/ws/plain', headers)).status).toBe(101)
      }
    })

    it('with a session cookie are refused to pages of other origins, unless a rule switches sessions off', async () => {
      await visitor.post('/api/sign-in')
      const headers = { origin: EVIL, cookie: visitor.cookie }
      expect((await requestUpgrade(server, '/ws/plain', headers)).status).toBe(403)
      expect((await requestUpgrade(server, '/ws/chat', headers)).status).toBe(403)
      expect((await requestUpgrade(server, '/ws/public', headers)).status).toBe(101)
      const socket = await openSocket(server, '/ws/chat', visitor.cookie)
      socket.close()
    })
  })
})
