import { generateKey } from '../../layers/session/server/engine/key-ring'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { findRedis, startRedis } from '../support/redis.ts'
import type { RedisServer } from '../support/redis.ts'
import { eventually } from '../support/eventually.ts'

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

/** Where a page sends its visitor; `null`: it is shown. */
async function redirectOf(path: string) {
  return (await visitor.get(path)).headers.get('location')
}

describe('the first render of a page', () => {
  it('behind `auth` is for whoever is signed in, and sends others to sign in and back', async () => {
    expect(await redirectOf('/for-members?tab=1')).toBe('/sign-in?returnTo=/for-members?tab=1')
    await visitor.post('/api/count')
    expect(await redirectOf('/for-members')).toBe('/sign-in?returnTo=/for-members')
    await signIn()
    const page = await visitor.get('/for-members')
    expect(page.text).toContain('<p>For Ada alone: Ada</p>')
    expect(page.headers.get('cache-control')).toBe('private, no-store')
  })

  it('behind `guest` is for strangers, and sends whoever is signed in on', async () => {
    expect((await visitor.get('/sign-in')).text).toContain('<p>Who are you?</p>')
    await signIn()
    expect(await redirectOf('/sign-in')).toBe('/')
    expect(await redirectOf('/sign-in?returnTo=/for-members')).toBe('/for-members')
    expect(await redirectOf('/sign-in?returnTo=//evil.test')).toBe('/')
  })

  it('has what <AuthState> knows in it', async () => {
    expect((await visitor.get('/auth-state')).text).toContain('<p>Hello, stranger</p>')
    await signIn()
    expect((await visitor.get('/auth-state')).text).toContain('<p>Hello, Ada</p>')
  })
})

describe.skipIf(!program)('the first render of a page while the store is down', () => {
  let redis: RedisServer
  let ailing: FixtureServer
  let signedIn: FixtureVisitor

  beforeAll(async () => {
    redis = await startRedis(program!)
    ailing = await startFixture(app, { NUXT_SESSION_STORE: redis.url, NUXT_SESSION_KEYS: generateKey() })
    signedIn = visitor = new FixtureVisitor(ailing)
    await signIn()
    await redis.kill()
    await eventually(async () => expect((await visitor.get('/api/visitor')).status).toBe(503))
  })
  beforeEach(() => {
    visitor = signedIn.copy()
  })
  afterAll(async () => {
    await ailing.dispose()
    await redis.dispose()
  })

  it('behind `auth` is an error: nothing of it is shown, and nobody is signed out or sent to sign in', async () => {
    const page = await visitor.get('/for-members')
    expect([page.status, page.setCookie, page.headers.get('location')]).toEqual([503, [], null])
    expect(page.text).not.toMatch(/alone|Ada/)
  })

  it('behind `auth` sends a stranger to sign in: without a cookie of ours there is nothing to ask the store for', async () => {
    visitor = new FixtureVisitor(ailing)
    expect(await redirectOf('/for-members')).toBe('/sign-in?returnTo=/for-members')
  })

  it('behind `guest` is shown', async () => {
    expect((await visitor.get('/sign-in')).text).toContain('<p>Who are you?</p>')
  })

  it('leaves <AuthState> at its placeholder', async () => {
    expect((await visitor.get('/auth-state')).text).toContain('<p>Hello, whoever you are</p>')
  })

  it('is the page again when the store is back', async () => {
    await redis.start()
    await eventually(async () => expect((await visitor.get('/for-members')).text).toContain('<p>For Ada alone: Ada</p>'))
  })
})
