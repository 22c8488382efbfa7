import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../layers/session/server/engine/key-ring'
import { buildFixture, run } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { changeDatabase, dumpStore, lockStore } from '../support/store.ts'

const COOKIE = /^__Host-session=[\w-]{108}; Path=\/; Secure; HttpOnly; SameSite=Lax$/

let app: string
let server: FixtureServer
let visitor: FixtureVisitor

beforeAll(async () => {
  app = await buildFixture()
  server = await startFixture(app)
})

afterAll(async () => {
  await server?.dispose()
  expect((server?.logs ?? []).filter(line => !line.startsWith('Listening on '))).toEqual([])
})

beforeEach(() => {
  changeDatabase(server.storeFile, 'DELETE FROM sessions')
  visitor = new FixtureVisitor(server)
})

describe('an app that only extends the layer', () => {
  it('type-checks, with the session data that it has declared', async () => {
    await run(app, 'vue-tsc', '-b')
  })

  it('makes no record and sets no cookie for visitors who only read', async () => {
    const stranger = () => new FixtureVisitor(server)
    const answers = await Promise.all(['/', '/notice', '/api/visitor', '/api/notice', '/api/parts', '/api/_session', '/no-such-page'].flatMap(path => [
      stranger().get(path),
      stranger().visit(path, { method: 'HEAD' }),
      stranger().get(path, { 'sec-purpose': 'prefetch' }),
    ]))
    expect(answers.flatMap(({ setCookie }) => setCookie)).toEqual([])
    expect(dumpStore(server.storeFile).sessions).toEqual([])
  })

  it('makes a session and sets its cookie at the first write, and no cookie after that', async () => {
    const first = await visitor.post('/api/count')
    expect(first.json()).toEqual({ count: 1 })
    expect(first.setCookie).toEqual([expect.stringMatching(COOKIE)])
    expect(await visitor.post('/api/count')).toMatchObject({ setCookie: [] })
    expect(dumpStore(server.storeFile).sessions).toHaveLength(1)
  })

  it('limits by address, and gives back what was no attack', async () => {
    const guess = (number: number, address: string) => visitor.visit('/api/guess', { method: 'POST', json: { number }, headers: { 'x-forwarded-for': `203.0.113.200, ${address}` } })
    for (const number of [1, 42, 42, 2, 3]) expect((await guess(number, '203.0.113.9')).status).toBe(200)
    const refused = await guess(42, '203.0.113.9')
    expect([refused.status, refused.json<{ data: object }>().data]).toEqual([429, { code: 'rate_limited' }])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(590)
    expect((await guess(42, '203.0.113.10')).status).toBe(200)
  })

  it('loses none of parallel updates', async () => {
    await visitor.post('/api/count')
    await Promise.all(Array.from({ length: 20 }, () => visitor.post('/api/count')))
    expect((await visitor.get('/api/visitor')).json()).toMatchObject({ count: 21 })
  })

  it('has the data of the session in the first HTML, which no cache may keep', async () => {
    await visitor.post('/api/count')
    const page = await visitor.get('/')
    expect(page.text).toContain('<p>nobody has counted to 1</p>')
    expect(page.headers.get('cache-control')).toBe('private, no-store')
    expect(page.headers.get('vary')).toBe('Cookie')
  })

  it('refuses a write from a page of another origin', async () => {
    const answer = await visitor.visit('/api/count', { method: 'POST', headers: { origin: 'https://evil.test' } })
    expect(answer.status).toBe(403)
    expect(answer.json()).toMatchObject({ data: { code: 'cross_origin_refused' } })
    expect(dumpStore(server.storeFile).sessions).toEqual([])
  })

  it('finds its sessions again after it was killed', async () => {
    await visitor.post('/api/sign-in', { owner: 'ada' })
    await server.restart()
    expect((await visitor.get('/api/visitor')).json()).toMatchObject({ owner: 'ada' })
  })
})

describe('a page with five parallel calls', () => {
  it('makes one session and sets one cookie, though three of them write', async () => {
    const page = await visitor.get('/parts')
    expect(page.text).toContain('<p>0 of 5 calls failed</p>')
    expect(page.setCookie).toEqual([expect.stringMatching(COOKIE)])
    expect(dumpStore(server.storeFile).sessions).toHaveLength(1)
    expect((await visitor.get('/api/parts')).json()).toEqual(['a', 'b', 'c'])
  })

  it('hands the cookie of a periodic rotation on exactly once', async () => {
    await visitor.post('/api/count')
    changeDatabase(server.storeFile, 'UPDATE sessions SET value = json_set(value, \'$.rotatedAt\', 0)')
    const before = visitor.cookie
    expect(await visitor.get('/parts')).toMatchObject({ setCookie: [expect.stringMatching(COOKIE)] })
    expect(visitor.cookie).not.toBe(before)
    expect((await visitor.get('/api/visitor')).json()).toMatchObject({ exists: true, count: 1 })
  })
})

describe('a flash', () => {
  it('survives the redirect, and is shown once', async () => {
    const order = await visitor.post('/api/order')
    expect([order.status, order.headers.get('location')]).toEqual([303, '/notice'])
    expect((await visitor.get('/notice')).text).toContain('<p>Thank you for your order.</p>')
    expect((await visitor.get('/notice')).text).toContain('<p>no notice</p>')
  })

  it('is not taken by HEAD or a prefetch', async () => {
    await visitor.post('/api/order')
    await visitor.visit('/notice', { method: 'HEAD' })
    await visitor.get('/notice', { 'sec-purpose': 'prefetch;prerender' })
    await visitor.get('/notice', { purpose: 'prefetch' })
    expect((await visitor.get('/notice')).text).toContain('<p>Thank you for your order.</p>')
  })

  it('goes to exactly one of many who ask', async () => {
    await visitor.post('/api/order')
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.get('/api/notice')))
    expect(answers.map(answer => answer.json<{ text?: string }>().text).filter(Boolean)).toEqual(['Thank you for your order.'])
  })
})

describe('the idle clock', () => {
  it('is moved by a page view, and not by HEAD, a prefetch or a question after the time left', async () => {
    await visitor.post('/api/count')
    changeDatabase(server.storeFile, 'UPDATE sessions SET last_seen_at = last_seen_at - 120000')
    const before = dumpStore(server.storeFile)
    await visitor.visit('/', { method: 'HEAD' })
    await visitor.get('/', { 'sec-purpose': 'prefetch' })
    await visitor.get('/api/_session')
    // The write of a touch is not waited for; this one shares its commit or comes after it.
    await new FixtureVisitor(server).post('/api/count')
    expect(dumpStore(server.storeFile).sessions).toEqual(expect.arrayContaining(before.sessions!))
    await visitor.get('/')
    await new FixtureVisitor(server).post('/api/count')
    expect(dumpStore(server.storeFile).sessions).not.toEqual(expect.arrayContaining(before.sessions!))
  })
})

describe('what the browser may know', () => {
  it('names the cookie that came, though it opens nothing any more, and none where none came', async () => {
    await visitor.post('/api/count')
    changeDatabase(server.storeFile, 'UPDATE sessions SET last_seen_at = 0')
    expect((await visitor.get('/api/_session')).json()).toMatchObject({ session: null, cookie: { name: '__Host-session', size: 122 } })
    expect((await new FixtureVisitor(server).get('/api/_session')).json()).toMatchObject({ session: null, cookie: null })
  })
})

describe('another store', () => {
  const KEYS = generateKey()

  it.each(['memory:', 'fs:sessions', 'mount:tickets'])('%s does for the whole app', async (store) => {
    const other = await startFixture(app, { NUXT_SESSION_STORE: store, NUXT_SESSION_KEYS: KEYS })
    const guest = new FixtureVisitor(other)
    await guest.post('/api/sign-in', { owner: 'ada' })
    await guest.post('/api/count')
    const page = await guest.get('/')
    await other.dispose()
    expect(page.text).toContain('<p>ada has counted to 1</p>')
  })

  it('that several servers may share is refused without keys', async () => {
    await expect(startFixture(app, { NUXT_SESSION_STORE: 'mount:tickets' })).rejects.toThrow('NUXT_SESSION_KEYS is not set')
  })
})

describe('a store that does not answer', () => {
  it('is a 503, and nobody is signed out but those who ask for it', async () => {
    const ailing = await startFixture(app)
    const [ada, grace] = [new FixtureVisitor(ailing), new FixtureVisitor(ailing)]
    await ada.post('/api/sign-in', { owner: 'ada' })
    await grace.post('/api/sign-in', { owner: 'grace' })
    const unlock = lockStore(ailing.storeFile)
    const refused = await ada.post('/api/count')
    const left = await grace.post('/api/sign-out')
    unlock()
    const seen = (await ada.post('/api/count')).json()
    await ailing.dispose()
    expect([refused.status, refused.headers.get('retry-after'), refused.setCookie]).toEqual([503, '2', []])
    expect(refused.json()).toMatchObject({ data: { code: 'store_unavailable' } })
    expect([left.status, left.setCookie]).toEqual([503, [expect.stringContaining('Max-Age=0')]])
    expect(seen).toEqual({ count: 1 })
  })
})
