import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { buildFixture, run } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { changeDatabase, dumpStore, lockStore } from '../support/store.ts'

const COOKIE = /^__Host-session=[\w-]{108}; Path=\/; Secure; HttpOnly; SameSite=Lax$/
const READ_ONLY_PATHS = [
  '/', '/notice', '/api/visitor', '/api/notice', '/api/parts', '/api/_session', '/no-such-page',
]
const NOTICE = 'Thank you for your order.'

let app: string
let server: FixtureServer
let visitor: FixtureVisitor

beforeAll(async () => {
  app = await buildFixture()
  server = await startFixture(app)
})

afterAll(async () => {
  await server?.dispose()
  expect(server?.unusualLogs ?? []).toEqual([])
})

beforeEach(() => {
  changeDatabase(server.storeFile, 'DELETE FROM sessions')
  visitor = new FixtureVisitor(server)
})

const storedSessions = () => dumpStore(server.storeFile).sessions!

describe('an app that only adds the module', () => {
  it('passes its type check, with the session data that it has declared', async () => {
    await run(app, 'vue-tsc', '-b')
  })

  it('creates no record and sets no cookie for visitors who only read', async () => {
    const newVisitor = () => new FixtureVisitor(server)
    const responses = await Promise.all(READ_ONLY_PATHS.flatMap(path => [
      newVisitor().get(path),
      newVisitor().visit(path, { method: 'HEAD' }),
      newVisitor().get(path, { 'sec-purpose': 'prefetch' }),
    ]))
    expect(responses.flatMap(({ setCookie }) => setCookie)).toEqual([])
    expect(storedSessions()).toEqual([])
  })

  it('creates a session and sets its cookie at the first write, and sets none after that', async () => {
    const first = await visitor.post('/api/count')
    expect(first.json()).toEqual({ count: 1 })
    expect(first.setCookie).toEqual([expect.stringMatching(COOKIE)])
    expect(await visitor.post('/api/count')).toMatchObject({ setCookie: [] })
    expect(storedSessions()).toHaveLength(1)
  })

  it('limits by address, and does not count what it refunds', async () => {
    const guess = (number: number, address: string) => visitor.visit('/api/guess', {
      method: 'POST',
      json: { number },
      headers: { 'x-forwarded-for': `203.0.113.200, ${address}` },
    })
    for (const number of [1, 42, 42, 2, 3]) expect((await guess(number, '203.0.113.9')).status).toBe(200)
    const refused = await guess(42, '203.0.113.9')
    expect([refused.status, refused.json<{ data: object }>().data]).toEqual([429, { code: 'rate_limited' }])
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(590)
    expect((await guess(42, '203.0.113.10')).status).toBe(200)
  })

  it('loses no parallel update', async () => {
    await visitor.post('/api/count')
    await Promise.all(Array.from({ length: 20 }, () => visitor.post('/api/count')))
    expect((await visitor.get('/api/visitor')).json()).toMatchObject({ count: 21 })
  })

  it('renders the data of the session on the server, into HTML that may not be cached', async () => {
    await visitor.post('/api/count')
    const page = await visitor.get('/')
    expect(page.text).toContain('<p>anonymous has counted to 1</p>')
    expect(page.headers.get('cache-control')).toBe('private, no-store')
    expect(page.headers.get('vary')).toBe('Cookie')
  })

  it('refuses a write from a page of another origin', async () => {
    const headers = { origin: 'https://evil.test' }
    const response = await visitor.visit('/api/count', { method: 'POST', headers })
    expect(response.status).toBe(403)
    expect(response.json()).toMatchObject({ data: { code: 'cross_origin_refused' } })
    expect(storedSessions()).toEqual([])
  })

  it('still has its sessions after it was killed', async () => {
    await visitor.post('/api/sign-in', { userId: 'ada' })
    await server.restart()
    expect((await visitor.get('/api/visitor')).json()).toMatchObject({ userId: 'ada' })
  })
})

describe('a page that makes five parallel calls', () => {
  it('creates one session and sets one cookie, although three of them write', async () => {
    const page = await visitor.get('/parts')
    expect(page.text).toContain('<p>0 of 5 calls failed</p>')
    expect(page.setCookie).toEqual([expect.stringMatching(COOKIE)])
    expect(storedSessions()).toHaveLength(1)
    expect((await visitor.get('/api/parts')).json()).toEqual(['a', 'b', 'c'])
  })

  it('sets the cookie of a periodic rotation exactly once', async () => {
    await visitor.post('/api/count')
    changeDatabase(server.storeFile, 'UPDATE sessions SET value = json_set(value, \'$.rotatedAt\', 0)')
    const before = visitor.cookie
    expect(await visitor.get('/parts')).toMatchObject({ setCookie: [expect.stringMatching(COOKIE)] })
    expect(visitor.cookie).not.toBe(before)
    expect((await visitor.get('/api/visitor')).json()).toMatchObject({ exists: true, count: 1 })
  })
})

describe('a flash value', () => {
  it('survives the redirect, and is shown once', async () => {
    const order = await visitor.post('/api/order')
    expect([order.status, order.headers.get('location')]).toEqual([303, '/notice'])
    expect((await visitor.get('/notice')).text).toContain(`<p>${NOTICE}</p>`)
    expect((await visitor.get('/notice')).text).toContain('<p>no notice</p>')
  })

  it('is not taken by HEAD or a prefetch', async () => {
    await visitor.post('/api/order')
    await visitor.visit('/notice', { method: 'HEAD' })
    await visitor.get('/notice', { 'sec-purpose': 'prefetch;prerender' })
    await visitor.get('/notice', { purpose: 'prefetch' })
    expect((await visitor.get('/notice')).text).toContain(`<p>${NOTICE}</p>`)
  })

  it('is returned to exactly one of many parallel requests', async () => {
    await visitor.post('/api/order')
    const responses = await Promise.all(Array.from({ length: 20 }, () => visitor.get('/api/notice')))
    const texts = responses.map(response => response.json<{ text?: string }>().text)
    expect(texts.filter(Boolean)).toEqual([NOTICE])
  })
})

describe('the idle timeout', () => {
  it('is moved by a page view, and not by HEAD, a prefetch or a request for the remaining time', async () => {
    await visitor.post('/api/count')
    changeDatabase(server.storeFile, 'UPDATE sessions SET last_seen_at = last_seen_at - 120000')
    const before = storedSessions()
    await visitor.visit('/', { method: 'HEAD' })
    await visitor.get('/', { 'sec-purpose': 'prefetch' })
    await visitor.get('/api/_session')
    // No request waits until activity is written; this write is committed together with it or after it.
    await new FixtureVisitor(server).post('/api/count')
    expect(storedSessions()).toEqual(expect.arrayContaining(before))
    await visitor.get('/')
    await new FixtureVisitor(server).post('/api/count')
    expect(storedSessions()).not.toEqual(expect.arrayContaining(before))
  })
})

describe('the session view for the browser', () => {
  it('describes a cookie that was sent, even if it opens no session any more, and otherwise none', async () => {
    await visitor.post('/api/count')
    changeDatabase(server.storeFile, 'UPDATE sessions SET last_seen_at = 0')
    const expired = (await visitor.get('/api/_session')).json()
    expect(expired).toMatchObject({ session: null, cookie: { name: '__Host-session', size: 122 } })
    const withoutCookie = (await new FixtureVisitor(server).get('/api/_session')).json()
    expect(withoutCookie).toMatchObject({ session: null, cookie: null })
  })
})

describe('another store', () => {
  const KEYS = generateKey()

  it.each(['memory:', 'fs:sessions', 'mount:records'])('%s works for the whole app', async (store) => {
    const other = await startFixture(app, { NUXT_CLOAKROOM_STORE: store, NUXT_CLOAKROOM_KEYS: KEYS })
    const guest = new FixtureVisitor(other)
    await guest.post('/api/sign-in', { userId: 'ada' })
    await guest.post('/api/count')
    const page = await guest.get('/')
    await other.dispose()
    expect(page.text).toContain('<p>ada has counted to 1</p>')
  })

  it('that several servers may share is refused without keys', async () => {
    const starting = startFixture(app, { NUXT_CLOAKROOM_STORE: 'mount:records' })
    await expect(starting).rejects.toThrow('NUXT_CLOAKROOM_KEYS is not set')
  })
})

describe('a store that does not respond', () => {
  it('causes a 503, and signs out only a user who asks for it', async () => {
    const failing = await startFixture(app)
    const [ada, grace] = [new FixtureVisitor(failing), new FixtureVisitor(failing)]
    await ada.post('/api/sign-in', { userId: 'ada' })
    await grace.post('/api/sign-in', { userId: 'grace' })
    const unlock = lockStore(failing.storeFile)
    const refused = await ada.post('/api/count')
    const signedOut = await grace.post('/api/sign-out')
    unlock()
    const counted = (await ada.post('/api/count')).json()
    await failing.dispose()
    expect([refused.status, refused.headers.get('retry-after'), refused.setCookie]).toEqual([503, '2', []])
    expect(refused.json()).toMatchObject({ data: { code: 'store_unavailable' } })
    expect([signedOut.status, signedOut.setCookie]).toEqual([503, [expect.stringContaining('Max-Age=0')]])
    expect(counted).toEqual({ count: 1 })
  })
})
