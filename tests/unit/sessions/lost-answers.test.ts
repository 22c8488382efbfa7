import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { MINUTE, createTestEngine, newRing, testTime } from '../../support/engine'
import { probe } from '../../support/probe-driver'

const UNAVAILABLE = { code: 'store_unavailable', statusCode: 503 }

function start() {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver })
  return { ...server, store, browser: server.browser() }
}

async function signedIn() {
  const server = start()
  await (await server.browser.visit()).session.signIn('ada', { data: { a: 1 } })
  return server
}

describe('a write whose answer the store loses', () => {
  it('has created the session, and the browser gets its cookie', async () => {
    const { store, browser, rows } = start()
    store.loseAnswers('create')
    expect(await (await browser.visit()).session.update({ a: 1 })).toBe(true)
    expect(await browser.get()).toEqual({ a: 1 })
    expect(await rows()).toBe(1)
  })

  it.each([
    ['a visitor without a session', false],
    ['a visitor with one', true],
  ])('has signed in %s', async (_visitor, hasSession) => {
    const { store, browser, typesOfEvents } = start()
    if (hasSession) await (await browser.visit()).session.update({ cart: 1 })
    store.loseAnswers('assignUser')
    await (await browser.visit()).session.signIn('ada')
    expect((await browser.visit()).session.userId).toBe('ada')
    expect(typesOfEvents()).toContain('signed_in')
  })

  it('has authenticated the user again, who stays signed in', async () => {
    const { store, browser } = await signedIn()
    store.loseAnswers('assignUser')
    await (await browser.visit()).session.signIn('ada', { data: { a: 2 } })
    expect(await browser.get()).toEqual({ a: 2 })
  })

  it.each([
    ['on demand', 0],
    ['periodically', 16 * MINUTE],
  ])('has replaced the secret %s', async (_when, wait) => {
    const { store, browser, time } = await signedIn()
    time.advance(wait)
    const before = browser.cookie
    store.loseAnswers('replace')
    if (wait === 0) expect(await (await browser.visit()).session.rotate()).toBe(true)
    else await browser.browse()
    expect(browser.cookie).not.toBe(before)
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('has replaced the secret, also if another request has written since', async () => {
    const { store, browser } = await signedIn()
    const other = await browser.copy().visit()
    const { session } = await browser.visit()
    store.loseAnswers('replace')
    const barrier = store.hold('read')
    const rotating = session.rotate()
    await barrier.reached
    store.recover()
    await expect(other.session.update({ b: 1 })).resolves.toBe(false) // Its secret is no longer valid.
    const { session: next } = await browser.copy().visit()
    expect(next.exists).toBe(false)
    barrier.release()
    expect(await rotating).toBe(true)
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('has saved an update, which succeeds', async () => {
    const { store, browser } = await signedIn()
    store.loseAnswers('replace')
    expect(await (await browser.visit()).session.update({ b: 2 })).toBe(true)
    expect(await browser.get()).toEqual({ a: 1, b: 2 })
  })

  it('has pulled a value, which is returned once', async () => {
    const { store, browser } = await signedIn()
    store.loseAnswers('replace')
    expect(await (await browser.visit()).session.pull('a')).toBe(1)
    store.recover()
    expect(await (await browser.visit()).session.pull('a')).toBeUndefined()
  })

  it('has signed out, and the event is emitted', async () => {
    const { store, browser, engine, typesOfEvents } = await signedIn()
    store.loseAnswers('remove')
    const { session, request } = await browser.visit()
    const { id } = session
    await session.signOut()
    expect(request.cleared).toBe(1)
    expect(typesOfEvents().filter(type => type === 'ended')).toHaveLength(1)
    expect(id).not.toBeNull()
    expect(engine.removals.has('')).toBe(false)
  })

  it.each([
    ['the retry', 0, undefined],
    ['the second retry', 1, undefined],
    ['a removal for another reason', 0, 'revoked'],
  ] as const)('has signed out, and the event is emitted at %s if the store could not be read', async (
    _when, lostRetries, reason,
  ) => {
    const { store, driver, browser, engine, events, time } = await signedIn()
    const ended = () => events.filter(event => event.type === 'ended')
    const { session } = await browser.visit()
    const [key] = await driver.getKeys('', {})
    store.loseAnswers('remove', 'readTombstone')
    await expect(session.signOut()).rejects.toMatchObject(UNAVAILABLE)
    for (let i = 0; i < lostRetries; i++) await expect(engine.removals.retry()).rejects.toMatchObject(UNAVAILABLE)
    expect(ended()).toEqual([])
    store.recover()
    time.advance(MINUTE) // The circuit breaker closes.
    await (reason ? engine.removals.remove(key!, reason) : engine.removals.retry())
    expect(ended()).toMatchObject([{ reason: 'signed_out' }])
    expect(engine.removals.has(key!)).toBe(false)
  })
})

describe('a write that has not happened', () => {
  it.each(['create', 'assignUser', 'replace'] as const)('fails with 503 after one more read: %s', async (method) => {
    const { store, browser } = method === 'create' ? start() : await signedIn()
    const { session } = await browser.visit()
    const before = browser.cookie
    const reads = store.count('read')
    store.fail(method)
    const write = method === 'assignUser' ? session.signIn('ada') : session.update({ b: 1 })
    await expect(write).rejects.toMatchObject(UNAVAILABLE)
    expect(store.count('read')).toBe(reads + 1)
    expect(browser.cookie).toBe(before)
  })

  it('fails with 503 if the store cannot be read either', async () => {
    const { store, browser } = await signedIn()
    const { session } = await browser.visit()
    store.fail()
    await expect(session.rotate()).rejects.toMatchObject(UNAVAILABLE)
  })

  it('is not looked for once the store is known to be down', async () => {
    const { store, browser } = await signedIn()
    const { session } = await browser.visit()
    store.fail('replace')
    for (let count = 0; count < 6; count++) await session.update({ b: count }).catch(() => {})
    const reads = store.count('read')
    await expect(session.update({ b: 9 })).rejects.toMatchObject(UNAVAILABLE)
    expect(store.count('read')).toBe(reads)
  })

  it('is not taken for that of another server that has written the same', async () => {
    const driver = memoryDriver()
    const [ring, time] = [newRing(), testTime()]
    const losing = probe(driver)
    const browser = createTestEngine({ driver, ring, time }).browser()
    await (await browser.visit()).session.update({ ticket: 'once', count: 5 })
    const other = createTestEngine({ driver: losing.driver, ring, time }).browser()
    other.cookie = browser.cookie
    const [first, second] = [await browser.visit(), await other.visit()]
    losing.loseAnswers('replace')
    expect(await first.session.pull('ticket')).toBe('once')
    await expect(second.session.pull('ticket')).rejects.toMatchObject(UNAVAILABLE)
  })
})
