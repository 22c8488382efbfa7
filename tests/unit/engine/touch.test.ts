import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { MINUTE, SECOND, makeBench, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function signedIn(config: Record<string, string> = {}) {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver, config })
  const browser = bench.browser()
  await (await browser.visit()).session.signIn('ada')
  return { ...bench, store, browser }
}

describe('activity', () => {
  it('moves the idle clock and nothing else', async () => {
    const { browser, time } = await signedIn()
    const before = (await browser.visit()).session
    time.advance(5 * MINUTE)
    await browser.browse()
    const after = (await browser.visit()).session
    expect(after).toMatchObject({ lastSeenAt: time.now, idleExpiresAt: time.now + 30 * MINUTE, expiresAt: before.expiresAt, createdAt: before.createdAt, handle: before.handle })
  })

  it.each([
    ['a minute', {}, MINUTE],
    ['a tenth of a short idle timeout', { idleTimeout: '100s' }, 10 * SECOND],
  ])('is written down at most once in %s', async (_case, config, interval) => {
    const { browser, time, store } = await signedIn(config)
    time.advance(interval - 1)
    await browser.browse()
    expect(store.count('touch')).toBe(0)
    time.advance(1)
    await browser.browse()
    expect(store.count('touch')).toBe(1)
    await browser.browse()
    expect(store.count('touch')).toBe(1)
  })

  it('ends a session at most that much early, never late', async () => {
    const { browser, time } = await signedIn()
    time.advance(MINUTE - 1) // Too soon to be written down, so the clock still runs from the sign-in.
    const lastSeen = time.now
    await browser.browse()
    const { idleExpiresAt } = (await browser.visit()).session
    expect(idleExpiresAt).toBeLessThanOrEqual(lastSeen + 30 * MINUTE)
    expect(idleExpiresAt).toBeGreaterThan(lastSeen + 29 * MINUTE)
  })

  it('sends no cookie', async () => {
    const { browser, time } = await signedIn()
    time.advance(5 * MINUTE)
    expect((await browser.browse()).request).toMatchObject({ sent: [], cleared: 0 })
  })

  it('is waited for by nobody', async () => {
    const { browser, time, store } = await signedIn()
    time.advance(5 * MINUTE)
    const barrier = store.hold('touch')
    const { session } = await browser.visit()
    await session.recordActivity()
    await barrier.reached
    barrier.release()
    await settled()
    expect(session.lastSeenAt).toBe(time.now)
  })

  it('that cannot be written down costs nobody the request (E5)', async () => {
    const { browser, time, store, events } = await signedIn()
    time.advance(5 * MINUTE)
    store.fail('touch')
    const { session, request } = await browser.browse()
    expect(session.owner).toBe('ada')
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(events.at(-1)).toMatchObject({ type: 'store_failure', operation: 'touch' })
    store.heal()
    expect((await browser.visit()).session.lastSeenAt).toBe(time.now - 5 * MINUTE)
  })

  it('of a stranger writes nothing', async () => {
    const { browser, store } = await signedIn()
    browser.cookie = undefined
    store.calls.length = 0
    await browser.browse()
    expect(store.calls).toEqual([])
  })
})

describe('asking without activity', () => {
  it('moves no clock', async () => {
    const { browser, time, store } = await signedIn()
    time.advance(5 * MINUTE)
    await browser.visit()
    expect((await browser.visit()).session.lastSeenAt).toBe(time.now - 5 * MINUTE)
    expect(store.count('touch')).toBe(0)
  })
})

describe('extend', () => {
  it('moves the idle clock at once, however young the last touch', async () => {
    const { browser, time } = await signedIn()
    time.advance(1)
    const { session } = await browser.visit()
    expect(await session.extend()).toBe(true)
    expect(session.lastSeenAt).toBe(time.now)
    expect((await browser.visit()).session.lastSeenAt).toBe(time.now)
  })

  it('answers false where there is no session', async () => {
    const { session } = await makeBench().browser().visit()
    expect(await session.extend()).toBe(false)
  })

  it('fails where the store does, since somebody asked for it', async () => {
    const { browser, store } = await signedIn()
    const { session } = await browser.visit()
    store.fail('touch')
    await expect(session.extend()).rejects.toMatchObject({ statusCode: 503 })
  })
})
