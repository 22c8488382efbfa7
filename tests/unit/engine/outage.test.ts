import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { SessionError } from '../../../layers/session/server/engine/errors'
import type { ServerSession } from '../../../layers/session/server/engine/session'
import { MINUTE, SECOND, makeBench } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function setUp() {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver })
  const browser = bench.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  return { ...bench, store, browser }
}

/** Answers after three seconds. */
function late<T>(answer: () => T): Promise<T> {
  return new Promise(resolve => setTimeout(() => resolve(answer()), 3000))
}

const UNAVAILABLE = { name: 'SessionError', code: 'store_unavailable', statusCode: 503, data: { code: 'store_unavailable' } }

describe('a store that does not answer', () => {
  it('is an error, never an absent session (E1)', async () => {
    const { browser, store, engine } = await setUp()
    store.fail()
    await expect(engine.load(browser.header)).rejects.toBeInstanceOf(SessionError)
    await expect(engine.load(browser.header)).rejects.toMatchObject(UNAVAILABLE)
  })

  it('is reported with what was asked of it, and with its cause', async () => {
    const { browser, store, engine, events } = await setUp()
    store.fail()
    const error = await Promise.resolve(engine.load(browser.header)).catch((error: unknown) => error as SessionError)
    expect((error as SessionError).cause).toMatchObject({ message: 'the store is down' })
    expect((error as SessionError).message).not.toContain('the store is down')
    expect(events.at(-1)).toMatchObject({ type: 'store_failure', operation: 'read', error: { message: 'the store is down' } })
  })

  it.each([[false, 'store_unavailable'], [true, 'ada']])('is given up after 2.5 seconds, unless it has a deadline of its own: %s', async (hasDeadline, expected) => {
    const store = memoryDriver()
    const bench = makeBench({ driver: { ...store, hasDeadline, read: async key => late(() => store.read(key)) } })
    const browser = bench.browser()
    await (await browser.visit()).session.signIn('ada')
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const outcome = Promise.resolve(bench.engine.load(browser.header)).then(admitted => admitted?.live.record.owner, (error: SessionError) => error.code)
    await vi.advanceTimersByTimeAsync(3000)
    expect(await outcome).toBe(expected)
  })

  it('does not matter to a visitor without a cookie (E2)', async () => {
    const { store, browser } = await setUp()
    store.fail()
    browser.cookie = undefined
    expect((await browser.visit()).session.exists).toBe(false)
  })

  it('signs nobody out: the same cookie works once it is back (E1)', async () => {
    const { browser, store } = await setUp()
    store.fail()
    await expect(browser.visit()).rejects.toMatchObject(UNAVAILABLE)
    store.heal()
    expect((await browser.visit()).session).toMatchObject({ owner: 'ada', data: { a: 1 } })
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
  ])('makes %s fail with 503, send no cookie and change nothing (E3, E4, E6)', async (_verb, act) => {
    const { browser, store } = await setUp()
    const { session, request } = await browser.visit()
    store.fail()
    await expect(act(session)).rejects.toMatchObject(UNAVAILABLE)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    store.heal()
    expect((await browser.visit()).session).toMatchObject({ owner: 'ada', data: { a: 1 } })
  })

  it('is one that takes longer than 2.5 s, too (E8)', async () => {
    const { browser, store, events } = await setUp()
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const barrier = store.hold('read')
    const refused = expect(browser.visit()).rejects.toMatchObject(UNAVAILABLE)
    await vi.advanceTimersByTimeAsync(2499)
    expect(events.at(-1)).not.toMatchObject({ type: 'store_failure' })
    await vi.advanceTimersByTimeAsync(1)
    await refused
    barrier.release()
    expect((await browser.visit()).session.owner).toBe('ada')
  })

  it('makes no session for a stranger, who may try again (E3)', async () => {
    const { browser, store, rows } = await setUp()
    browser.cookie = undefined
    const { session, request } = await browser.visit()
    store.fail('create')
    await expect(session.update({ a: 1 })).rejects.toMatchObject(UNAVAILABLE)
    expect(request.sent).toEqual([])
    expect(await rows()).toBe(1)
    store.heal()
    expect(await session.update({ a: 1 })).toBe(true)
  })

  it('fails each of a stranger\'s parallel updates, and leaves nothing unhandled', async () => {
    const { browser, store } = await setUp()
    browser.cookie = undefined
    const { session } = await browser.visit()
    store.fail()
    const outcomes = await Promise.allSettled([session.update({ a: 1 }), session.update({ b: 1 }), session.update({ c: 1 })])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  })
})

describe('an answer that was lost', () => {
  it('of a sign-in leaves the visitor a stranger, never signed in under the old cookie (E6)', async () => {
    const { browser: open, store } = await setUp()
    void open
    const bench = makeBench({ driver: store.driver })
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const { session } = await browser.visit()
    const barrier = store.hold('enrol', 'after')
    void session.signIn('bob').catch(() => {})
    await barrier.reached // The store has written, and its answer never comes.
    expect((await browser.visit()).session.owner).toBeNull()
    barrier.release()
  })

  it('of a periodic rotation signs nobody out within the grace', async () => {
    const { browser, store, time } = await setUp()
    time.advance(15 * MINUTE)
    const barrier = store.hold('replace', 'after')
    const { session } = await browser.visit()
    void session.recordActivity()
    await barrier.reached
    time.advance(10 * SECOND)
    const next = await browser.visit()
    expect(next.session.owner).toBe('ada')
    expect(next.request.sent).toHaveLength(1)
    barrier.release()
  })
})

describe('the circuit breaker', () => {
  async function broken(failures: number) {
    const bench = await setUp()
    bench.store.fail()
    for (let time = 0; time < failures; time++) await bench.browser.visit().catch(() => {})
    bench.store.calls.length = 0
    return bench
  }

  it('asks on after four failures, and after five lets one request a second through', async () => {
    const four = await broken(4)
    await four.browser.visit().catch(() => {})
    expect(four.store.count('read')).toBe(1)
    const five = await broken(5)
    for (let round = 0; round < 10; round++) await expect(five.browser.visit()).rejects.toMatchObject(UNAVAILABLE)
    expect(five.store.count('read')).toBe(1)
    five.time.advance(999)
    await five.browser.visit().catch(() => {})
    expect(five.store.count('read')).toBe(1)
    five.time.advance(1)
    await five.browser.visit().catch(() => {})
    expect(five.store.count('read')).toBe(2)
  })

  it('closes at the first answer', async () => {
    const { browser, store, time } = await broken(10)
    await browser.visit().catch(() => {})
    store.heal()
    await expect(browser.visit()).rejects.toMatchObject(UNAVAILABLE)
    time.advance(SECOND)
    expect((await browser.visit()).session.owner).toBe('ada')
    expect((await browser.visit()).session.owner).toBe('ada')
  })

  it('is not held open by a clock that is set back', async () => {
    const { browser, store, time } = await broken(10)
    await browser.visit().catch(() => {})
    store.heal()
    time.advance(-10 * MINUTE)
    expect((await browser.visit()).session.owner).toBe('ada')
  })
})
