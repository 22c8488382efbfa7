import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { SessionError } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/errors'
import type { ServerSession } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import { recordActivity } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { MINUTE, SECOND, createTestEngine, load } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function setUp() {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver })
  const browser = server.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  return { ...server, store, browser }
}

/** Returns the result after three seconds. */
function late<T>(operate: () => T): Promise<T> {
  return new Promise(resolve => setTimeout(() => resolve(operate()), 3000))
}

function useFakeTimers() {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

const UNAVAILABLE = {
  name: 'SessionError', code: 'store_unavailable', statusCode: 503, data: { code: 'store_unavailable' },
}

describe('a store that does not respond', () => {
  it('causes an error, and never looks like an absent session', async () => {
    const { browser, store, engine } = await setUp()
    store.fail()
    await expect(load(engine, browser.header)).rejects.toBeInstanceOf(SessionError)
    await expect(load(engine, browser.header)).rejects.toMatchObject(UNAVAILABLE)
  })

  it('is reported with the operation and the cause, which the error\'s message does not show', async () => {
    const { browser, store, engine, events } = await setUp()
    store.fail()
    const error = await load(engine, browser.header).catch((error: unknown) => error as SessionError)
    expect((error as SessionError).cause).toMatchObject({ message: 'the store is down' })
    expect((error as SessionError).message).not.toContain('the store is down')
    const failure = { type: 'store_failure', operation: 'read', error: { message: 'the store is down' } }
    expect(events.at(-1)).toMatchObject(failure)
  })

  it.each([
    { hasDeadline: false, expected: 'store_unavailable' },
    { hasDeadline: true, expected: 'ada' },
  ])('is given up after 2.5 seconds unless hasDeadline is set: $hasDeadline', async ({ hasDeadline, expected }) => {
    const driver = memoryDriver()
    const server = createTestEngine({
      driver: { ...driver, hasDeadline, read: async key => late(() => driver.read(key)) },
    })
    const browser = server.browser()
    await (await browser.visit()).session.signIn('ada')
    useFakeTimers()
    const outcome = load(server.engine, browser.header)
      .then(authenticated => authenticated?.session.record.userId, (error: SessionError) => error.code)
    await vi.advanceTimersByTimeAsync(3000)
    expect(await outcome).toBe(expected)
  })

  it('does not affect a visitor without a cookie', async () => {
    const { store, browser } = await setUp()
    store.fail()
    browser.cookie = undefined
    expect((await browser.visit()).session.exists).toBe(false)
  })

  it('signs no user out: the same cookie works once the store responds again', async () => {
    const { browser, store } = await setUp()
    store.fail()
    await expect(browser.visit()).rejects.toMatchObject(UNAVAILABLE)
    store.recover()
    expect((await browser.visit()).session).toMatchObject({ userId: 'ada', data: { a: 1 } })
  })

  it.each<[string, (session: ServerSession) => Promise<unknown>]>([
    ['update', session => session.update({ a: 2 })],
    ['pull', session => session.pull('a')],
    ['flash', session => session.flash('a', 2)],
    ['signIn', session => session.signIn('bob')],
    ['rotate', session => session.rotate()],
    ['extend', session => session.extend()],
    ['devices', session => session.devices()],
    ['revoke', session => session.revoke('x')],
    ['revokeOthers', session => session.revokeOthers()],
    ['revokeAll', session => session.revokeAll()],
  ])('makes %s fail with 503, without a new cookie and without a change', async (_method, call) => {
    const { browser, store } = await setUp()
    const { session, request } = await browser.visit()
    store.fail()
    await expect(call(session)).rejects.toMatchObject(UNAVAILABLE)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    store.recover()
    expect((await browser.visit()).session).toMatchObject({ userId: 'ada', data: { a: 1 } })
  })

  it('makes a request fail after exactly 2.5 seconds of waiting', async () => {
    const { browser, store, events } = await setUp()
    useFakeTimers()
    const barrier = store.hold('read')
    const refused = expect(browser.visit()).rejects.toMatchObject(UNAVAILABLE)
    await vi.advanceTimersByTimeAsync(2499)
    expect(events.at(-1)).not.toMatchObject({ type: 'store_failure' })
    await vi.advanceTimersByTimeAsync(1)
    await refused
    barrier.release()
    expect((await browser.visit()).session.userId).toBe('ada')
  })

  it('creates no session for a visitor without one, whose next attempt succeeds', async () => {
    const { browser, store, rows } = await setUp()
    browser.cookie = undefined
    const { session, request } = await browser.visit()
    store.fail('create')
    await expect(session.update({ a: 1 })).rejects.toMatchObject(UNAVAILABLE)
    expect(request.sent).toEqual([])
    expect(await rows()).toBe(1)
    store.recover()
    expect(await session.update({ a: 1 })).toBe(true)
  })

  it('rejects each of several parallel first updates, and leaves no rejection unhandled', async () => {
    const { browser, store } = await setUp()
    browser.cookie = undefined
    const { session } = await browser.visit()
    store.fail()
    const updates = [session.update({ a: 1 }), session.update({ b: 1 }), session.update({ c: 1 })]
    const outcomes = await Promise.allSettled(updates)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  })
})

describe('a lost response of the store', () => {
  it('leaves the visitor without a session after a sign-in: the old cookie is not signed in', async () => {
    const store = probe(memoryDriver())
    const server = createTestEngine({ driver: store.driver })
    const browser = server.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const { session } = await browser.visit()
    const barrier = store.hold('assignUser', 'after')
    void session.signIn('bob').catch(() => {})
    await barrier.reached // The store has written, and its response never comes.
    expect((await browser.visit()).session.userId).toBeNull()
    barrier.release()
  })

  it('does not sign the user out within the grace period of a periodic rotation', async () => {
    const { browser, store, time } = await setUp()
    time.advance(15 * MINUTE)
    const barrier = store.hold('replace', 'after')
    const { state } = await browser.visit()
    void recordActivity(state)
    await barrier.reached
    time.advance(10 * SECOND)
    const next = await browser.visit()
    expect(next.session.userId).toBe('ada')
    expect(next.request.sent).toHaveLength(1)
    barrier.release()
  })
})

describe('the circuit breaker', () => {
  async function afterFailures(failures: number) {
    const server = await setUp()
    server.store.fail()
    for (let time = 0; time < failures; time++) await server.browser.visit().catch(() => {})
    server.store.calls.length = 0
    return server
  }

  it('is closed after four failures, and lets one call per second through after five', async () => {
    const four = await afterFailures(4)
    await four.browser.visit().catch(() => {})
    expect(four.store.count('read')).toBe(1)
    const five = await afterFailures(5)
    for (let round = 0; round < 10; round++) await expect(five.browser.visit()).rejects.toMatchObject(UNAVAILABLE)
    expect(five.store.count('read')).toBe(1)
    five.time.advance(999)
    await five.browser.visit().catch(() => {})
    expect(five.store.count('read')).toBe(1)
    five.time.advance(1)
    await five.browser.visit().catch(() => {})
    expect(five.store.count('read')).toBe(2)
  })

  it('closes at the first response', async () => {
    const { browser, store, time } = await afterFailures(10)
    await browser.visit().catch(() => {})
    store.recover()
    await expect(browser.visit()).rejects.toMatchObject(UNAVAILABLE)
    time.advance(SECOND)
    expect((await browser.visit()).session.userId).toBe('ada')
    expect((await browser.visit()).session.userId).toBe('ada')
  })

  it('of writes leaves reads alone: a store without memory can be read', async () => {
    const { browser, store } = await setUp()
    store.fail('replace')
    for (let time = 0; time < 10; time++) {
      const { session } = await browser.visit()
      await expect(session.update({ a: time })).rejects.toMatchObject(UNAVAILABLE)
    }
    expect(store.count('replace')).toBeLessThan(10)
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('does not stay open for longer if the clock is set back', async () => {
    const { browser, store, time } = await afterFailures(10)
    await browser.visit().catch(() => {})
    store.recover()
    time.advance(-10 * MINUTE)
    expect((await browser.visit()).session.userId).toBe('ada')
  })
})
