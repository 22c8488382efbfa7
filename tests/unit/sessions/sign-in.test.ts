import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { MINUTE, SECOND, createTestEngine, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

function setUp(config: Record<string, string> = {}) {
  const store = probe(memoryDriver())
  return { ...createTestEngine({ driver: store.driver, config }), store }
}

describe('signIn', () => {
  it('creates a session for a visitor without one, in one write', async () => {
    const { browser, store, events, rows } = setUp()
    const { session, request } = await browser().visit()
    await session.signIn('ada', { data: { role: 'admin' } })
    expect(session).toMatchObject({ userId: 'ada', data: { role: 'admin' }, persistent: false })
    expect(request.sent).toHaveLength(1)
    expect(store.calls.filter(call => call !== 'getKeys')).toEqual(['assignUser'])
    expect(await rows()).toBe(1)
    expect(events).toEqual([
      { type: 'signed_in', id: session.id, responseSent: expect.any(Promise) as Promise<void> },
      { type: 'sessions_changed', userId: 'ada' },
    ])
  })

  it('gives an anonymous session a new secret and makes the old one invalid immediately', async () => {
    const server = setUp()
    const browser = server.browser()
    await (await browser.visit()).session.update({ cart: ['x'] })
    const thief = browser.copy() // Session fixation: the thief has planted this cookie in the visitor's browser.
    const { session, request } = await browser.visit()
    await session.signIn('ada')
    expect(request.sent).toHaveLength(1)
    expect((await thief.visit()).session.exists).toBe(false)
    expect((await browser.visit()).session.userId).toBe('ada')
    expect(await server.rows()).toBe(1)
  })

  it('drops anonymous data unless the app passes it on', async () => {
    const server = setUp()
    const browser = server.browser()
    await (await browser.visit()).session.update({ cart: ['x'] })
    const { session } = await browser.visit()
    const { cart } = session.data
    await session.signIn('ada')
    expect(session.data).toEqual({})
    await session.signIn('ada', { data: { cart } })
    expect(await browser.get()).toEqual({ cart: ['x'] })
  })

  it('computes data from the newest record, so that no parallel update is lost', async () => {
    const { store, ...server } = setUp()
    const browser = server.browser()
    await (await browser.visit()).session.update({ cart: 1 })
    const { session } = await browser.visit()
    const barrier = store.hold('assignUser')
    const signing = session.signIn('ada', { data: before => ({ ...before, user: 'Ada' }) })
    await barrier.reached
    await (await browser.copy().visit()).session.update({ note: 'kept' })
    barrier.release()
    await signing
    expect(await browser.get()).toEqual({ cart: 1, note: 'kept', user: 'Ada' })
  })

  it('keeps nothing of the user before if another user signs in, neither in the data nor in the index', async () => {
    const server = setUp()
    const browser = server.browser()
    await (await browser.visit()).session.signIn('ada', { data: { secret: 1 } })
    await (await browser.visit()).session.signIn('bob')
    expect((await browser.visit()).session).toMatchObject({ userId: 'bob', data: {} })
    expect(await server.driver.listByUser('ada')).toEqual([])
    expect(await server.driver.listByUser('bob')).toHaveLength(1)
  })

  it.each(['', undefined, null, 5, {}])('refuses the user id %j before it writes anything', async (userId) => {
    const { browser, store } = setUp()
    const { session } = await browser().visit()
    await expect(session.signIn(userId as string)).rejects.toThrow(TypeError)
    expect(store.calls).toEqual([])
  })

  it('sends no cookie if the store does not respond, and does not sign in the old cookie', async () => {
    const { store, ...server } = setUp()
    const browser = server.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const { session, request } = await browser.visit()
    store.fail('assignUser')
    await expect(session.signIn('ada')).rejects.toMatchObject({ code: 'store_unavailable', statusCode: 503 })
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(session.userId).toBeNull()
    store.recover()
    expect((await browser.visit()).session).toMatchObject({ userId: null, data: { a: 1 } })
  })

  it('never mixes two users who sign in at once in two tabs of one anonymous visitor', async () => {
    const server = setUp()
    const browser = server.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const anonymous = browser.copy()
    const [ada, bob] = [browser.copy(), browser.copy()]
    const [first, second] = await Promise.all([ada.visit(), bob.visit()])
    await Promise.all([
      first.session.signIn('ada', { data: { is: 0 } }), second.session.signIn('bob', { data: { is: 1 } }),
    ])
    expect((await ada.visit()).session).toMatchObject({ userId: 'ada', data: { is: 0 } })
    expect((await bob.visit()).session).toMatchObject({ userId: 'bob', data: { is: 1 } })
    expect(first.session.id).not.toBe(second.session.id)
    expect(await anonymous.get()).toBeNull()
  })

  it('has the last word over an earlier update in the same request', async () => {
    const { store, ...server } = setUp()
    const browser = server.browser()
    const { session } = await browser.visit()
    const barrier = store.hold('create')
    const creating = session.update({ a: 1 })
    await barrier.reached
    const signing = session.signIn('ada')
    await settled()
    barrier.release()
    await Promise.all([creating, signing])
    expect((await browser.visit()).session.userId).toBe('ada')
  })
})

describe('a request with the cookie from before a sign-in', () => {
  /** An anonymous browser that signs in, and a copy with its cookie from before. */
  async function signInWithCopy() {
    const server = setUp()
    const browser = server.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const late = browser.copy()
    const signIn = async () => (await browser.visit()).session.signIn('ada')
    return { ...server, browser, late, signIn }
  }

  it('cannot save if it began before the sign-in', async () => {
    const { browser, late, signIn } = await signInWithCopy()
    const slow = await late.visit()
    await signIn()
    expect(await slow.session.update({ planted: true })).toBe(false)
    expect(await browser.get()).toEqual({})
  })

  it('cannot save, and does not replace the browser\'s new cookie, if it arrives late', async () => {
    const { late, signIn, rows } = await signInWithCopy()
    await signIn()
    const { session, request } = await late.visit()
    expect(await session.update({ planted: true })).toBe(false)
    expect(session.exists).toBe(false)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(await rows()).toBe(1)
  })

  it('can sign in, and save from then on, in a session of its own', async () => {
    const { browser, late, signIn } = await signInWithCopy()
    await signIn()
    const { session } = await late.visit()
    await session.signIn('bob')
    expect(await session.update({ b: 1 })).toBe(true)
    expect((await late.visit()).session).toMatchObject({ userId: 'bob', data: { b: 1 } })
    expect((await browser.visit()).session.userId).toBe('ada')
  })

  it('can create a new session after the time in which a request may still be under way', async () => {
    const { late, signIn, time, rows } = await signInWithCopy()
    await signIn()
    time.advance(30 * SECOND)
    const { session, request } = await late.visit()
    expect(await session.update({ b: 1 })).toBe(true)
    expect(request.sent).toHaveLength(1)
    expect(await rows()).toBe(2)
  })
})

describe('the limit of sessions per user', () => {
  async function signInFrom(server: ReturnType<typeof setUp>, count: number) {
    const browsers = Array.from({ length: count }, () => server.browser())
    for (const browser of browsers) {
      server.time.advance(1)
      await (await browser.visit()).session.signIn('ada')
    }
    return browsers
  }

  it('evicts the oldest session', async () => {
    const server = setUp({ maxPerUser: '3' })
    const browsers = await signInFrom(server, 4)
    const exist = await Promise.all(browsers.map(async browser => (await browser.visit()).session.exists))
    expect(exist).toEqual([false, true, true, true])
    expect(server.events.filter(({ type }) => type === 'ended')).toMatchObject([{ reason: 'evicted' }])
  })

  it('refuses the new session with 409 if the policy is reject', async () => {
    const server = setUp({ maxPerUser: '2', userLimitPolicy: 'reject' })
    await signInFrom(server, 2)
    const { session, request } = await server.browser().visit()
    await expect(session.signIn('ada')).rejects.toMatchObject({ code: 'conflict', statusCode: 409 })
    expect(session.exists).toBe(false)
    expect(request.sent).toEqual([])
  })

  it('does not count the session that signs in again', async () => {
    const server = setUp({ maxPerUser: '2', userLimitPolicy: 'reject' })
    const [browser] = await signInFrom(server, 2)
    await (await browser!.visit()).session.signIn('ada')
    expect(await server.rows()).toBe(2)
  })

  it('does not count sessions that have expired', async () => {
    const server = setUp({ maxPerUser: '2', userLimitPolicy: 'reject' })
    await signInFrom(server, 2)
    server.time.advance(30 * MINUTE)
    await expect(signInFrom(server, 2)).resolves.toHaveLength(2)
  })

  it('holds for 64 sign-ins at once', async () => {
    const server = setUp({ maxPerUser: '5' })
    const visits = await Promise.all(Array.from({ length: 64 }, () => server.browser().visit()))
    await Promise.all(visits.map(({ session }) => session.signIn('ada')))
    expect(await server.driver.listByUser('ada')).toHaveLength(5)
  })

  it('holds for a user who signs in and out again and again', async () => {
    const server = setUp({ maxPerUser: '3' })
    for (let round = 0; round < 50; round++) {
      const browser = server.browser()
      await (await browser.visit()).session.signIn('ada')
      if (round % 2) await (await browser.visit()).session.signOut()
      expect(await server.rows()).toBeLessThanOrEqual(3)
    }
  })
})
