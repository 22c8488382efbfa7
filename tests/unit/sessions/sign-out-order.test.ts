import { describe, expect, it } from 'vitest'
import { revokeUser } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/devices'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { createTestEngine, newRing, testTime } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function signedIn() {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver })
  const browser = server.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  return { ...server, store, browser }
}

describe('signOut', () => {
  it('drops an update of the same request that waits for its turn', async () => {
    const server = await signedIn()
    const barrier = server.store.hold('replace')
    const first = (await server.browser.visit()).session.update({ b: 1 })
    await barrier.reached
    const { session } = await server.browser.visit()
    const waiting = session.update({ c: 1 })
    await session.signOut()
    barrier.release()
    await first
    expect(await waiting).toBe(false)
  })

  it('has the last word over an update of the same request that is under way', async () => {
    const server = await signedIn()
    const { session } = await server.browser.visit()
    const barrier = server.store.hold('replace', 'after')
    const saving = session.update({ b: 1 })
    await barrier.reached
    await session.signOut()
    barrier.release()
    await saving
    expect(session.exists).toBe(false)
  })

  it('ends a session that the same request is just creating', async () => {
    const store = probe(memoryDriver())
    const server = createTestEngine({ driver: store.driver })
    const browser = server.browser()
    const { session } = await browser.visit()
    const barrier = store.hold('create')
    const creating = session.update({ a: 1 })
    await barrier.reached
    const leaving = session.signOut()
    barrier.release()
    await Promise.all([creating, leaving])
    expect(browser.cookie).toBeUndefined()
  })
})

describe('a sign-in after a sign-out everywhere in the same request', () => {
  it('succeeds as the same user, and is defeated as another one whose sessions have ended since', async () => {
    const { browser, engine, time } = createTestEngine({})
    const ada = browser()
    await (await ada.visit()).session.signIn('ada')
    const { session } = await ada.visit()
    time.advance(1)
    await revokeUser(engine, 'eve', engine.revocationTime())
    time.advance(1)
    await session.revokeAll()
    await expect(session.signIn('eve')).rejects.toMatchObject({ code: 'conflict' })
    await session.signIn('ada')
    expect((await ada.visit()).session.userId).toBe('ada')
  })
})

describe('revokeAll on one of two servers, which may both know the store\'s time a little late', () => {
  const LAG = 5

  /** A server whose clock is exact, and one whose clock is as late as it may be. */
  async function twoServers() {
    const shared = { driver: Object.assign(memoryDriver(), { clockLag: () => LAG }), ring: newRing() }
    const exact = createTestEngine(shared)
    const late = createTestEngine({ ...shared, time: testTime(exact.time.now - LAG) })
    const browser = late.browser()
    await (await browser.visit()).session.signIn('ada')
    for (const { time } of [exact, late]) time.advance(1000)
    return { exact, browser }
  }

  it('defeats a sign-in that began before it on the other server', async () => {
    const { exact, browser } = await twoServers()
    const underWay = await exact.browser().visit()
    await (await browser.visit()).session.revokeAll()
    await expect(underWay.session.signIn('ada')).rejects.toMatchObject({ code: 'conflict' })
  })

  it('does not defeat a sign-in that follows on the other server', async () => {
    const { exact, browser } = await twoServers()
    await (await browser.visit()).session.revokeAll()
    exact.time.advance(1)
    const { session } = await exact.browser().visit()
    await session.signIn('ada')
    expect(session.userId).toBe('ada')
  })

  it('does not defeat a sign-in that follows in the same request', async () => {
    const { browser } = await twoServers()
    const { session } = await browser.visit()
    await session.revokeAll()
    await session.signIn('ada')
    expect(await browser.get()).not.toBeNull()
  })
})
