import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { eventually } from '../support/eventually.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'
import { findRedis, startRedis } from '../support/redis.ts'
import type { RedisServer } from '../support/redis.ts'

const redisProgram = findRedis()
const stores = [
  { store: 'SQLite', skip: false },
  { store: 'Redis', skip: !redisProgram },
]

interface Options {
  readonly fresh: string[]
  readonly activity: string[]
  readonly signedIn: string[]
  readonly window: string[]
  readonly max: string[]
  readonly userId: string[]
}

describe.each(stores.filter(({ skip }) => !skip))('attacks on an app with its sessions in $store', ({ store }) => {
  let redis: RedisServer | undefined
  let server: FixtureServer
  let visitor: FixtureVisitor

  beforeAll(async () => {
    if (store === 'Redis') redis = await startRedis(redisProgram!)
    const app = await buildPackedApp('npm', 'host')
    const onRedis = redis && { NUXT_CLOAKROOM_STORE: redis.url, NUXT_CLOAKROOM_KEYS: generateKey() }
    server = await startFixture(app, onRedis)
  })

  afterAll(async () => {
    await server?.dispose()
    await redis?.dispose()
  })

  beforeEach(() => {
    visitor = new FixtureVisitor(server)
  })

  const signIn = (name: string, who = visitor) => who.visit(`/api/sign-in?name=${name}`, { method: 'POST' })
  const userOf = async (who = visitor) => (await who.get('/api/me')).json<{ userId: string | null }>().userId

  it('by options without a value: each one is an error, also for an anonymous visitor', async () => {
    const { userId, ...others } = (await visitor.get('/api/attack/options')).json<Options>()
    for (const outcomes of Object.values(others)) expect(new Set(outcomes)).toEqual(new Set(['TypeError']))
    expect(userId).toEqual(['TypeError', 'TypeError', 'TypeError', 'InvalidUserIdError', 'InvalidUserIdError'])
  })

  it('by user ids that are not well-formed: 400, no other user is affected, and the store stays in use', async () => {
    await signIn('ada')
    for (const userId of ['\uD800', 'a\uDFFF', '\uD801', '\uD800', '\uD800', 'x'.repeat(2000)]) {
      expect((await new FixtureVisitor(server).post('/api/attack/user', { userId })).status).toBe(400)
      expect((await new FixtureVisitor(server).post('/api/attack/user', { other: userId })).status).toBe(400)
    }
    expect(await userOf()).toBe('ada')
  })

  it('by a replacement character, which is a user id like any other', async () => {
    await visitor.post('/api/attack/user', { userId: '\uFFFD' })
    const other = new FixtureVisitor(server)
    await other.post('/api/attack/user', { userId: '?' })
    expect((await new FixtureVisitor(server).post('/api/attack/user', { other: '?' })).json()).toEqual({
      listed: 1, ended: 1,
    })
    expect([await userOf(), await userOf(other)]).toEqual(['\uFFFD', null])
  })

  it('by a reset of the password, after which the user signs in again in the same request', async () => {
    await signIn('dan')
    const before = visitor.copy()
    expect((await visitor.post('/api/attack/user', { other: 'dan', userId: 'dan' })).status).toBe(200)
    expect([await userOf(before), await userOf()]).toEqual([null, 'dan'])
  })

  it('by a revocation that arrives before a sign-in and is carried out after it', async () => {
    await signIn('ada')
    const late = visitor.copy().get('/api/attack/held?name=all&end=all')
    await eventually(() => signInOnce('bob'))
    await eventually(async () => expect(await release('all')).toBe(true))
    expect((await late).setCookie).toEqual([])
    expect(await userOf()).toBe('bob')
  })

  it('by a sign-out that arrives before a sign-in and is carried out after it', async () => {
    await visitor.post('/api/count')
    const slow = visitor.copy()
    const late = slow.get('/api/attack/held?name=out&end=1')
    await eventually(() => signInOnce('ada'))
    await eventually(async () => expect(await release('out')).toBe(true))
    expect((await late).setCookie).toEqual([])
    expect(await userOf()).toBe('ada')
  })

  it('by the slow response of a request that a sign-in has overtaken', async () => {
    await signIn('ada')
    const late = visitor.copy().get('/api/attack/held?name=slow')
    await eventually(() => signInOnce('bob'))
    await eventually(async () => expect(await release('slow')).toBe(true))
    expect((await late).setCookie).toEqual([])
    expect(await userOf()).toBe('bob')
  })

  it('by asking how a session ended, with the cookie from before the sign-in', async () => {
    await visitor.post('/api/count')
    const before = visitor.copy()
    await signIn('ada')
    const current = visitor.copy()
    await visitor.visit('/api/sign-out', { method: 'POST' })
    const endedFor = async (who: FixtureVisitor) => (await who.get('/api/_session')).json<{ ended: unknown }>().ended
    expect([await endedFor(current), await endedFor(before)]).toEqual(['signed_out', null])
  })

  const onRedis = it.runIf(store === 'Redis')
  onRedis('by the loss of the list of a user’s sessions: a sign-out everywhere ends all', async () => {
    const admin = new Redis(redis!.url)
    const browsers = Array.from({ length: 3 }, () => new FixtureVisitor(server))
    for (const browser of browsers) await signIn('cyd', browser)
    expect(await admin.del('cloakroom:user:{cyd}:sessions')).toBe(1)
    const ended = (await visitor.post('/api/attack/user', { other: 'cyd' })).json()
    expect(ended).toEqual({ listed: 0, ended: 0 })
    expect(await Promise.all(browsers.map(userOf))).toEqual([null, null, null])
    admin.disconnect()
  })

  const signIns = new Set<FixtureVisitor>()
  /** Not again if the other request has not arrived yet. */
  async function signInOnce(name: string) {
    if (!signIns.has(visitor)) await signIn(name)
    signIns.add(visitor)
  }

  async function release(name: string) {
    const response = await new FixtureVisitor(server).get(`/api/attack/held?name=${name}&release=1`)
    return response.json<{ released: boolean }>().released
  }
})
