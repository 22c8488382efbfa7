import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { findRedis, startRedis } from '../support/redis.ts'
import type { RedisServer } from '../support/redis.ts'
import { eventually } from '../support/eventually.ts'

const MEMBERS_PAGE = '<p>For Ada alone: Ada</p>'
const SIGN_IN_PAGE = '<p>Who are you?</p>'

const program = findRedis()
let app: string
let server: FixtureServer
let visitor: FixtureVisitor

beforeAll(async () => {
  app = await buildFixture()
  server = await startFixture(app)
})

afterAll(() => server?.dispose())

beforeEach(() => {
  visitor = new FixtureVisitor(server)
})

const signIn = (name = 'Ada') => visitor.post('/api/login', { name })

/** Where a page redirects its visitor; `null` if it is rendered. */
async function redirectOf(path: string) {
  return (await visitor.get(path)).headers.get('location')
}

describe('the first render of a page', () => {
  it('with the middleware `auth` is for signed-in users, and redirects others to sign in and back', async () => {
    expect(await redirectOf('/for-members?tab=1')).toBe('/sign-in?returnTo=/for-members?tab=1')
    await visitor.post('/api/count')
    expect(await redirectOf('/for-members')).toBe('/sign-in?returnTo=/for-members')
    await signIn()
    const page = await visitor.get('/for-members')
    expect(page.text).toContain(MEMBERS_PAGE)
    expect(page.headers.get('cache-control')).toBe('private, no-store')
  })

  it('with the middleware `guest` is for anonymous visitors, and redirects signed-in users', async () => {
    expect((await visitor.get('/sign-in')).text).toContain(SIGN_IN_PAGE)
    await signIn()
    expect(await redirectOf('/sign-in')).toBe('/')
    expect(await redirectOf('/sign-in?returnTo=/for-members')).toBe('/for-members')
    expect(await redirectOf('/sign-in?returnTo=//evil.test')).toBe('/')
  })

  it('contains what <AuthState> renders', async () => {
    expect((await visitor.get('/auth-state')).text).toContain('<p>Hello, stranger</p>')
    await signIn()
    expect((await visitor.get('/auth-state')).text).toContain('<p>Hello, Ada</p>')
  })

  it('contains what a call of the page put into the session, once `fetch` has refreshed it', async () => {
    expect((await visitor.get('/counted')).text).toContain('<p>Before: none, after: 1</p>')
    expect((await visitor.get('/counted')).text).toContain('<p>Before: 1, after: 2</p>')
  })
})

describe.skipIf(!program)('the first render of a page while the store is down', () => {
  let redis: RedisServer
  let failing: FixtureServer
  let signedIn: FixtureVisitor

  beforeAll(async () => {
    redis = await startRedis(program!)
    failing = await startFixture(app, { NUXT_CLOAKROOM_STORE: redis.url, NUXT_CLOAKROOM_KEYS: generateKey() })
    signedIn = visitor = new FixtureVisitor(failing)
    await signIn()
    await redis.kill()
    await eventually(async () => expect((await visitor.get('/api/visitor')).status).toBe(503))
  })
  beforeEach(() => {
    visitor = signedIn.copy()
  })
  afterAll(async () => {
    await failing.dispose()
    await redis.dispose()
  })

  it('with the middleware `auth` is a 503 without any of its content, a cookie or a redirect', async () => {
    const page = await visitor.get('/for-members')
    expect([page.status, page.setCookie, page.headers.get('location')]).toEqual([503, [], null])
    expect(page.text).not.toMatch(/alone|Ada/)
  })

  it('with the middleware `auth` redirects a visitor without a cookie, for whom the store is not needed', async () => {
    visitor = new FixtureVisitor(failing)
    expect(await redirectOf('/for-members')).toBe('/sign-in?returnTo=/for-members')
  })

  it('with the middleware `guest` is rendered', async () => {
    expect((await visitor.get('/sign-in')).text).toContain(SIGN_IN_PAGE)
  })

  it('contains the placeholder of <AuthState>', async () => {
    expect((await visitor.get('/auth-state')).text).toContain('<p>One moment</p>')
  })

  it('is complete again when the store is back', async () => {
    await redis.start()
    await eventually(async () => expect((await visitor.get('/for-members')).text).toContain(MEMBERS_PAGE))
  })
})
