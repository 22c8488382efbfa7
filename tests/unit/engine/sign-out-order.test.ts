import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { makeBench, newRing, testTime } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function signedIn() {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver })
  const browser = bench.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  return { ...bench, store, browser }
}

describe('within one request', () => {
  it('an update that waits for its turn while the session is signed out is dropped', async () => {
    const bench = await signedIn()
    const barrier = bench.store.hold('replace')
    const first = (await bench.browser.visit()).session.update({ b: 1 })
    await barrier.reached
    const { session } = await bench.browser.visit()
    const waiting = session.update({ c: 1 })
    await session.signOut()
    barrier.release()
    await first
    expect(await waiting).toBe(false)
  })

  it('a sign-out is the last word over an update that was under way', async () => {
    const bench = await signedIn()
    const { session } = await bench.browser.visit()
    const barrier = bench.store.hold('replace', 'after')
    const saving = session.update({ b: 1 })
    await barrier.reached
    await session.signOut()
    barrier.release()
    await saving
    expect(session.exists).toBe(false)
  })

  it('a sign-out ends a session that is just being created', async () => {
    const store = probe(memoryDriver())
    const bench = makeBench({ driver: store.driver })
    const browser = bench.browser()
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

describe('two servers on a store of which both have the time a moment late', () => {
  const LAG = 5

  /** A server whose clock is exact, and one that is as late as clocks may be. */
  async function twoServers() {
    const shared = { driver: Object.assign(memoryDriver(), { clockLag: () => LAG }), ring: newRing() }
    const exact = makeBench(shared)
    const late = makeBench({ ...shared, time: testTime(exact.time.now - LAG) })
    const browser = late.browser()
    await (await browser.visit()).session.signIn('ada')
    for (const { time } of [exact, late]) time.advance(1000)
    return { exact, late, browser }
  }

  it('signing out everywhere defeats a sign-in that began before it on the other server', async () => {
    const { exact, browser } = await twoServers()
    const under = await exact.browser().visit()
    await (await browser.visit()).session.revokeAll()
    await expect(under.session.signIn('ada')).rejects.toMatchObject({ code: 'conflict' })
  })

  it('signing out everywhere does not defeat a sign-in that follows', async () => {
    const { exact, browser } = await twoServers()
    await (await browser.visit()).session.revokeAll()
    exact.time.advance(1)
    const { session } = await exact.browser().visit()
    await session.signIn('ada')
    expect(session.owner).toBe('ada')
  })

  it('signing out everywhere does not defeat a sign-in that follows in the same request', async () => {
    const { browser } = await twoServers()
    const { session } = await browser.visit()
    await session.revokeAll()
    await session.signIn('ada')
    expect(await browser.peek()).not.toBeNull()
  })
})
