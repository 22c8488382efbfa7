import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { openSocket } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

const NAME = '__Host-session'
const EVIL = `${NAME}=evil; Path=/; Secure`

describe('the session cookie in another app', () => {
  let server: FixtureServer
  let backend: Server
  let visitor: FixtureVisitor
  const received: (IncomingHttpHeaders & { url: string | undefined })[] = []

  beforeAll(async () => {
    backend = createServer((request, response) => {
      received.push({ url: request.url, ...request.headers })
      response.setHeader('cache-control', 'public, max-age=3600')
      response.setHeader('set-cookie', [EVIL, 'backend=1; Path=/'])
      response.setHeader('vary', 'Accept-Language')
      response.end('from the backend')
    }).listen(0, '127.0.0.1')
    await once(backend, 'listening')
    const { port } = backend.address() as AddressInfo
    server = await startFixture(await buildPackedApp('npm', 'host'), { NUXT_BACKEND: `http://127.0.0.1:${port}/v1` })
  })

  afterAll(async () => {
    await server?.dispose()
    backend?.close()
  })

  beforeEach(async () => {
    received.length = 0
    visitor = new FixtureVisitor(server)
    await visitor.post('/api/sign-in')
  })

  const secretOf = ({ cookie }: FixtureVisitor) => cookie.split('=')[1]!

  describe('in the request', () => {
    it('is in none of the places where code finds a request’s headers', async () => {
      const { status, text } = await visitor.get('/api/headers')
      expect(status).toBe(200)
      expect(text).not.toContain(secretOf(visitor))
      expect(text).not.toContain(`${NAME}=`)
    })

    it('leaves the other cookies where they were, and no empty header', async () => {
      const cookie = `a=1; ${visitor.cookie}; b=2`
      const both = (await visitor.get('/api/headers', { cookie })).json<Record<string, Record<string, string>>>()
      expect(both).toMatchObject({ cookies: { a: '1', b: '2' }, subrequest: { cookie: 'a=1; b=2' } })
      const alone = (await visitor.get('/api/headers')).json<Record<string, Record<string, string>>>()
      for (const part of ['headers', 'h3', 'web', 'subrequest']) expect(alone[part]).not.toHaveProperty('cookie')
      expect(alone.distinct).toMatchObject({ cookie: [''] }) // Node has counted the headers, so this one stays.
    })

    it('does not reach a backend by proxyRequest, nor by a route rule', async () => {
      const { text } = await visitor.get('/api/proxy/data', { cookie: `${visitor.cookie}; theme=dark` })
      expect(text).toBe('from the backend')
      expect(received[0]).toMatchObject({ 'cookie': 'theme=dark', 'x-user-id': 'ada' })
      expect((await visitor.get('/api/rule/proxied/x')).text).not.toContain(NAME)
    })

    it('is checked in front of a backend, which gets the path and the query, and no other path', async () => {
      expect((await visitor.get('/api/proxy/a/b?x=1&y=%2F')).text).toBe('from the backend')
      expect(received.map(({ url }) => url)).toEqual(['/v1/a/b?x=1&y=%2F'])
      for (const path of ['../../admin', 'http://evil.test/']) {
        expect((await visitor.get(`/api/proxy/${path}`)).status).toBe(404)
      }
      for (const path of ['..%2f..%2fadmin', '/evil.test/x', '%2e%2e/admin']) await visitor.get(`/api/proxy/${path}`)
      expect((await new FixtureVisitor(server).get('/api/proxy/a')).status).toBe(401)
      expect(received.filter(({ url }) => !url!.startsWith('/v1/'))).toEqual([])
    })

    it('does not reach a WebSocket’s handlers', async () => {
      const socket = await openSocket(server, '/ws/chat', visitor.cookie)
      const message = await socket.waitFor(/userId/)
      socket.close()
      expect(JSON.parse(message)).toMatchObject({ userId: 'ada', cookie: null })
      expect(message).not.toContain(secretOf(visitor))
    })
  })

  describe('in the response', () => {
    it('stays after a proxied response with its own headers, as do the backend’s other cookies', async () => {
      const before = secretOf(visitor)
      const { headers, setCookie } = await visitor.get('/api/proxy/data?rotate=1')
      expect(headers.get('cache-control')).toBe('private, no-store')
      expect(headers.get('vary')).toBe('Accept-Language, Cookie')
      expect(setCookie).toEqual(['backend=1; Path=/', expect.stringMatching(/^__Host-session=A/) as string])
      expect(secretOf(visitor)).not.toBe(before)
      expect((await visitor.get('/api/me')).json()).toMatchObject({ userId: 'ada' })
    })

    it('is not replaced by a backend’s cookie of the same name if it was not changed', async () => {
      const { setCookie } = await visitor.get('/api/proxy/data')
      expect(setCookie).toEqual(['backend=1; Path=/'])
    })

    it.each([
      ['object', 200, ['a=1']], ['array', 200, ['a=1']], ['remove', 200, []], ['flush', 200, []], ['write', 200, []],
      ['error', 418, []], ['web', 200, []], ['redirect', 302, []],
    ])('is private and has the new cookie, however the headers are written: %s', async (how, status, others) => {
      const response = await visitor.get(`/api/raw?how=${how}`)
      expect(response.status).toBe(status)
      expect(response.headers.get('cache-control')).toBe('private, no-store')
      expect(response.headers.get('vary')).toMatch(how === 'write' ? /^\*$/ : /(?:^|, )Cookie$/)
      expect(response.setCookie).toEqual([...others, expect.stringMatching(/^__Host-session=A/) as string])
      expect((await visitor.get('/api/me')).json()).toMatchObject({ userId: 'ada' })
    })

    it('keeps the headers of a response that uses no session as they are', async () => {
      const response = await new FixtureVisitor(server).get('/api/received/x')
      expect(response.headers.get('cache-control')).toBeNull()
    })
  })

  describe('after a change of crossSite', () => {
    it('is cleared in its other form, if the browser sends two', async () => {
      const other = visitor.copy()
      await other.post('/api/sign-in?name=bob')
      const duplicate = { cookie: `${visitor.cookie}; ${other.cookie}`, origin: 'https://basic.test' }
      const { setCookie } = await visitor.visit('/api/sign-in', { method: 'POST', headers: duplicate })
      expect(setCookie).toEqual([
        `${NAME}=; Path=/; Secure; HttpOnly; SameSite=None; Partitioned; Max-Age=0`,
        expect.stringMatching(/^__Host-session=A.*SameSite=Lax$/) as string,
      ])
    })
  })
})
