import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'
import { dumpStore } from '../support/store.ts'

describe('pages of another app', () => {
  let server: FixtureServer
  let visitor: FixtureVisitor

  beforeAll(async () => {
    server = await startFixture(await buildPackedApp('npm', 'host'))
  })

  afterAll(() => server?.dispose())

  beforeEach(() => {
    visitor = new FixtureVisitor(server)
  })

  const signIn = (name = 'ada') => visitor.post(`/api/sign-in?name=${name}`)
  const sessionsInStore = () => dumpStore(server.storeFile).sessions!.length
  /** The text of a page, without tags and comments. */
  async function textOf(path: string, who = visitor): Promise<string> {
    const { text } = await who.get(path)
    return /<div id="__nuxt">(.*?)<\/div>/s.exec(text)![1]!.replace(/<!--.*?-->/gs, '').replace(/<[^>]+>/g, ' ')
  }

  describe('that call their own API while they are rendered', () => {
    it('get the visitor’s session in every way', async () => {
      await signIn()
      for (const name of ['plain', 'raw', 'created', 'fetched', 'forwarded', 'second', 'later']) {
        expect(await textOf('/data/me')).toContain(`${name}: ada`)
      }
    })

    it('write to the visitor’s session, once for each page', async () => {
      await signIn()
      const before = sessionsInStore()
      expect(await textOf('/data/write')).toContain('count: 1')
      expect(await textOf('/data/write')).toContain('count: 2')
      expect(sessionsInStore()).toBe(before)
    })

    it('create one session for a visitor without one, and the page sets its cookie', async () => {
      const before = sessionsInStore()
      const { setCookie } = await visitor.get('/data/write')
      expect(setCookie).toHaveLength(1)
      expect(await textOf('/data/write')).toContain('count: 2')
      expect(sessionsInStore()).toBe(before + 1)
    })
  })

  describe('with a call that does not pass the request on', () => {
    it('have no session there', async () => {
      await signIn()
      expect((await visitor.get('/api/orphan')).json()).toMatchObject({ userId: null, exists: false })
    })

    it('have none of another visitor either, whose page was rendered before or is rendered right now', async () => {
      await signIn()
      const stranger = new FixtureVisitor(server)
      const before = sessionsInStore()
      const [orphan, , , orphanWrite] = await Promise.all([
        visitor.get('/guarded/plain').then(() => stranger.get('/api/orphan')),
        visitor.get('/data/me'),
        visitor.get('/guarded/plain'),
        stranger.get('/api/orphan?to=/api/count&method=POST'),
      ])
      expect(orphan.json()).toMatchObject({ userId: null, exists: false })
      expect(orphanWrite.json()).toMatchObject({ statusCode: 500 })
      expect((await visitor.get('/api/me')).json()).toMatchObject({ userId: 'ada' })
      expect(sessionsInStore()).toBe(before)
    })

    it('cannot write there, so they leave no session that no browser has', async () => {
      const before = sessionsInStore()
      for (let i = 0; i < 3; i++) {
        expect((await visitor.get('/api/orphan?to=/api/count&method=POST')).json()).toMatchObject({ statusCode: 500 })
      }
      expect(sessionsInStore()).toBe(before)
      expect(await server.linesWith('The server called its own route without the visitor’s request')).not.toEqual([])
    })
  })

  describe('behind a route rule that proxies to its own API', () => {
    it('sign in, write and read through the rule', async () => {
      expect((await visitor.post('/api/own/sign-in?name=ada')).setCookie).toHaveLength(1)
      expect((await visitor.get('/api/own/me')).json()).toMatchObject({ userId: 'ada' })
      expect((await visitor.post('/api/own/count')).json()).toEqual({ count: 1 })
      expect((await visitor.post('/api/count')).json()).toEqual({ count: 2 })
    })

    it('have no session of another visitor', async () => {
      await signIn()
      await visitor.get('/api/own/me')
      const answers = await Promise.all([visitor, new FixtureVisitor(server)].map(who => who.get('/api/own/me')))
      expect(answers.map(answer => answer.json<{ userId: string | null }>().userId)).toEqual(['ada', null])
    })
  })

  describe('that change the session while they are rendered', () => {
    it('end it with clear() in a middleware, for good, and clear the cookie', async () => {
      await signIn('banned')
      const copy = visitor.copy()
      const { text, setCookie } = await visitor.get('/banned')
      expect(text).toContain('anonymous signed_out')
      expect(setCookie).toEqual([expect.stringContaining('Max-Age=0') as string])
      for (const who of [visitor, copy]) expect(await textOf('/', who)).toContain('anonymous')
    })

    it('end it with clear() in setup', async () => {
      await signIn()
      const copy = visitor.copy()
      expect(await textOf('/cleared')).toContain('anonymous')
      expect((await copy.get('/api/me')).json()).toMatchObject({ exists: false })
    })

    it('need no session for clear()', async () => {
      expect((await visitor.get('/cleared')).status).toBe(200)
    })

    it.each([
      ['a prefetch', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
      ['HEAD', { method: 'HEAD' }],
    ])('end nothing by %s, because no user has opened the page', async (_, options) => {
      await signIn()
      expect((await visitor.visit('/cleared', options)).setCookie).toEqual([])
      expect((await visitor.visit('/extended', options)).status).toBe(200)
      expect((await visitor.get('/api/me')).json()).toMatchObject({ userId: 'ada' })
    })

    it('move its idle clock with extend()', async () => {
      await signIn()
      expect(await textOf('/extended')).toContain('extended: true')
      expect(await textOf('/extended', new FixtureVisitor(server))).toContain('extended: false')
    })
  })

  describe('that do not wait for the session', () => {
    it('have it all the same, in a middleware, in setup and in useAsyncData', async () => {
      expect((await visitor.get('/guarded/sync')).headers.get('location')).toBe('/sign-in')
      expect(await textOf('/data/without-await')).toContain('before: false, data: anonymous')
      await signIn()
      expect((await visitor.get('/guarded/sync')).text).toContain('For members')
      expect(await textOf('/data/without-await')).toContain('before: true, data: ada')
    })
  })

  describe('that are meant for caches', () => {
    it('stay cacheable: the session is not loaded for them', async () => {
      await signIn('zelda') // No hash of a build contains this name.
      for (const path of ['/cdn', '/plain?cdn', '/?cdn']) { // By a route rule, and by a middleware.
        const { headers, text } = await visitor.get(path)
        expect(headers.get('cache-control')).toBe('public, s-maxage=60')
        expect(text).not.toContain('zelda')
      }
      for (const path of ['/cached/guest', '/isr', '/static']) {
        const response = await visitor.get(path)
        expect(response.status).toBe(200)
        expect(response.headers.get('cache-control') ?? '').not.toContain('private')
      }
    })

    it('are for the visitor alone if they need the session', async () => {
      await signIn()
      const { headers, text } = await visitor.get('/guarded/plain?cdn')
      expect(headers.get('cache-control')).toBe('private, no-store')
      expect(text).toContain('For members')
      expect((await new FixtureVisitor(server).get('/guarded/plain?cdn')).status).toBe(302)
    })

    it('with auth respond with 503, and one line of the log names the page, the rule and the fix', async () => {
      await signIn()
      for (let i = 0; i < 3; i++) expect((await visitor.get('/cached/guarded')).status).toBe(503)
      const lines = await server.linesWith('/cached/guarded has the middleware auth')
      expect(lines).toHaveLength(1)
      expect(lines[0]).toContain('The route rule for \'/cached/**\' caches it')
      expect(lines[0]).toContain('add the route rule \'/cached/guarded\': { cache: false, isr: false }')
    })

    it('with auth where a rule switches sessions off respond with 503, and the log names that rule', async () => {
      expect((await visitor.get('/off/guarded')).status).toBe(503)
      const [line] = await server.linesWith('/off/guarded has the middleware auth')
      expect(line).toContain('A route rule session: false switches sessions off there')
    })
  })

  it('show no session with the strategy client-only, and wait for it where code does', async () => {
    const env = { NUXT_PUBLIC_CLOAKROOM_LOAD_STRATEGY: 'client-only' }
    const other = await startFixture(await buildPackedApp('npm', 'host'), env)
    try {
      const member = new FixtureVisitor(other)
      await member.post('/api/sign-in?name=zelda')
      expect((await member.get('/')).text).not.toContain('zelda')
      expect((await member.get('/guarded/plain')).text).toContain('For members')
    }
    finally {
      await other.dispose()
    }
  })

  it('leave the module’s own routes alone, whatever the route rules of the app say', async () => {
    await signIn()
    const read = async () => (await visitor.get('/api/_session')).json<{ status: string }>().status
    expect(await read()).toBe('signed-in')
    expect((await visitor.visit('/api/_session', { method: 'DELETE' })).status).toBe(204)
    expect(await read()).toBe('anonymous')
    expect((await visitor.get('/api/_session/events')).status).toBe(204)
  })

  describe('with auth', () => {
    const GUARDED = ['/guarded/plain', '/guarded/parent/child', '/by-rule']
    it.each(GUARDED)('let no stranger in on the server: %s', async (path) => {
      const { status, headers } = await visitor.get(path)
      expect([status, headers.get('location')]).toEqual([302, `/sign-in?returnTo=${path}`])
    })
  })
})
