import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { MINUTE, SECOND, makeBench, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

function setUp(config: Record<string, string> = {}) {
  const store = probe(memoryDriver())
  return { ...makeBench({ driver: store.driver, config }), store }
}

describe('signIn', () => {
  it('makes a session for a stranger, in one write', async () => {
    const { browser, store, events, rows } = setUp()
    const { session, request } = await browser().visit()
    await session.signIn('ada', { data: { role: 'admin' } })
    expect(session).toMatchObject({ owner: 'ada', data: { role: 'admin' }, persistent: false })
    expect(request.sent).toHaveLength(1)
    expect(store.calls.filter(call => call !== 'getKeys')).toEqual(['enrol'])
    expect(await rows()).toBe(1)
    expect(events.at(-1)).toEqual({ type: 'signed_in', handle: session.handle })
  })

  it('gives an anonymous visitor\'s session a new secret, and the old one is dead at once', async () => {
    const bench = setUp()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ cart: ['x'] })
    const attacker = browser.copy() // Session fixation: the visitor was given the attacker's cookie.
    const { session, request } = await browser.visit()
    await session.signIn('ada')
    expect(request.sent).toHaveLength(1)
    expect((await attacker.visit()).session.exists).toBe(false)
    expect((await browser.visit()).session.owner).toBe('ada')
    expect(await bench.rows()).toBe(1)
  })

  it('leaves anonymous data behind, unless the app carries it over', async () => {
    const bench = setUp()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ cart: ['x'] })
    const { session } = await browser.visit()
    const { cart } = session.data
    await session.signIn('ada')
    expect(session.data).toEqual({})
    await session.signIn('ada', { data: { cart } })
    expect(await browser.peek()).toEqual({ cart: ['x'] })
  })

  it('as somebody else leaves nothing of the first user, in data or in the index (K13)', async () => {
    const bench = setUp()
    const browser = bench.browser()
    await (await browser.visit()).session.signIn('ada', { data: { secret: 1 } })
    await (await browser.visit()).session.signIn('bob')
    expect((await browser.visit()).session).toMatchObject({ owner: 'bob', data: {} })
    expect(await bench.driver.listByOwner('ada')).toEqual([])
    expect(await bench.driver.listByOwner('bob')).toHaveLength(1)
  })

  it.each(['', undefined, null, 5, {}])('refuses the user id %j before it writes anything', async (owner) => {
    const { browser, store } = setUp()
    const { session } = await browser().visit()
    await expect(session.signIn(owner as string)).rejects.toThrow(TypeError)
    expect(store.calls).toEqual([])
  })

  it('fails closed when the store does not answer: no cookie, and the old cookie is not signed in (E3, E6)', async () => {
    const { browser: open, store } = setUp()
    const browser = open()
    await (await browser.visit()).session.update({ a: 1 })
    const { session, request } = await browser.visit()
    store.fail('enrol')
    await expect(session.signIn('ada')).rejects.toMatchObject({ code: 'store_unavailable', statusCode: 503 })
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(session.owner).toBeNull()
    store.heal()
    expect((await browser.visit()).session).toMatchObject({ owner: null, data: { a: 1 } })
  })

  it('in two tabs of one anonymous visitor never mixes two users (F10)', async () => {
    const bench = setUp()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const anonymous = browser.copy()
    const tabs = [browser.copy(), browser.copy()] as const
    const visits = await Promise.all(tabs.map(tab => tab.visit()))
    await Promise.all(visits.map(({ session }, index) => session.signIn(['ada', 'bob'][index]!, { data: { is: index } })))
    for (const [index, tab] of tabs.entries()) expect((await tab.visit()).session).toMatchObject({ owner: ['ada', 'bob'][index], data: { is: index } })
    expect(visits[0]!.session.handle).not.toBe(visits[1]!.session.handle)
    expect(await anonymous.peek()).toBeNull()
  })

  it('drops what a request of the visitor before saves late', async () => {
    const bench = setUp()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const slow = await browser.copy().visit()
    await (await browser.visit()).session.signIn('ada')
    expect(await slow.session.update({ planted: true })).toBe(false)
    expect(await browser.peek()).toEqual({})
  })

  it('keeps its cookie when a request with the cookie from before arrives late and writes', async () => {
    const bench = setUp()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const late = browser.copy()
    await (await browser.visit()).session.signIn('ada')
    const { session, request } = await late.visit()
    expect(await session.update({ planted: true })).toBe(false)
    expect(session.exists).toBe(false)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(await bench.rows()).toBe(1)
  })

  it('can follow in a request with the cookie from before another sign-in', async () => {
    const bench = setUp()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const late = browser.copy()
    await (await browser.visit()).session.signIn('ada')
    const { session } = await late.visit()
    await session.signIn('bob')
    expect(await session.update({ b: 1 })).toBe(true)
    expect((await late.visit()).session).toMatchObject({ owner: 'bob', data: { b: 1 } })
    expect((await browser.visit()).session.owner).toBe('ada')
  })

  it('leaves a copy of the cookie from before a stranger that may begin a session, once no request can be under way with it', async () => {
    const bench = setUp()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const late = browser.copy()
    await (await browser.visit()).session.signIn('ada')
    bench.time.advance(30 * SECOND)
    const { session, request } = await late.visit()
    expect(await session.update({ b: 1 })).toBe(true)
    expect(request.sent).toHaveLength(1)
    expect(await bench.rows()).toBe(2)
  })

  it('is the last word over an update of the same request', async () => {
    const { browser: open, store } = setUp()
    const browser = open()
    const { session } = await browser.visit()
    const barrier = store.hold('create')
    const creating = session.update({ a: 1 })
    await barrier.reached
    const signing = session.signIn('ada')
    await settled()
    barrier.release()
    await Promise.all([creating, signing])
    expect((await browser.visit()).session.owner).toBe('ada')
  })
})

describe('data that crosses', () => {
  it('is made from the newest, so that no parallel update is lost', async () => {
    const { browser: open, store } = setUp()
    const browser = open()
    await (await browser.visit()).session.update({ cart: 1 })
    const { session } = await browser.visit()
    const barrier = store.hold('enrol')
    const signing = session.signIn('ada', { data: held => ({ ...held, user: 'Ada' }) })
    await barrier.reached
    await (await browser.copy().visit()).session.update({ note: 'kept' })
    barrier.release()
    await signing
    expect(await browser.peek()).toEqual({ cart: 1, note: 'kept', user: 'Ada' })
  })
})

describe('signing in and out again and again', () => {
  it('leaves no more sessions than the limit (K11)', async () => {
    const bench = setUp({ maxPerOwner: '3' })
    for (let round = 0; round < 50; round++) {
      const browser = bench.browser()
      await (await browser.visit()).session.signIn('ada')
      if (round % 2) await (await browser.visit()).session.signOut()
      expect(await bench.rows()).toBeLessThanOrEqual(3)
    }
  })
})

describe('the limit of sessions per owner', () => {
  async function devices(bench: ReturnType<typeof setUp>, count: number) {
    const browsers = Array.from({ length: count }, () => bench.browser())
    for (const browser of browsers) {
      bench.time.advance(1)
      await (await browser.visit()).session.signIn('ada')
    }
    return browsers
  }

  it('evicts the oldest', async () => {
    const bench = setUp({ maxPerOwner: '3' })
    const browsers = await devices(bench, 4)
    expect(await Promise.all(browsers.map(async browser => (await browser.visit()).session.exists))).toEqual([false, true, true, true])
    expect(bench.events.filter(({ type }) => type === 'ended')).toMatchObject([{ reason: 'evicted' }])
  })

  it('or refuses the new one with 409, and leaves its visitor as it was', async () => {
    const bench = setUp({ maxPerOwner: '2', ownerLimitPolicy: 'reject' })
    await devices(bench, 2)
    const { session, request } = await bench.browser().visit()
    await expect(session.signIn('ada')).rejects.toMatchObject({ code: 'conflict' })
    expect(session.exists).toBe(false)
    expect(request.sent).toEqual([])
  })

  it('does not count the session that signs in again', async () => {
    const bench = setUp({ maxPerOwner: '2', ownerLimitPolicy: 'reject' })
    const [browser] = await devices(bench, 2)
    await (await browser!.visit()).session.signIn('ada')
    expect(await bench.rows()).toBe(2)
  })

  it('does not count sessions that have ended', async () => {
    const bench = setUp({ maxPerOwner: '2', ownerLimitPolicy: 'reject' })
    await devices(bench, 2)
    bench.time.advance(30 * MINUTE)
    await expect(devices(bench, 2)).resolves.toHaveLength(2)
  })

  it('holds against 64 sign-ins at once (F14)', async () => {
    const bench = setUp({ maxPerOwner: '5' })
    const visits = await Promise.all(Array.from({ length: 64 }, () => bench.browser().visit()))
    await Promise.all(visits.map(({ session }) => session.signIn('ada')))
    expect(await bench.driver.listByOwner('ada')).toHaveLength(5)
  })
})
