import { describe, expect, it } from 'vitest'
import { recordActivity } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { MINUTE, SECOND, createTestEngine, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function signedIn(config: Record<string, string> = {}) {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver, config })
  const browser = server.browser()
  await (await browser.visit()).session.signIn('ada')
  return { ...server, store, browser }
}

describe('recordActivity', () => {
  it('moves the idle expiry and nothing else', async () => {
    const { browser, time } = await signedIn()
    const before = (await browser.visit()).session
    time.advance(5 * MINUTE)
    await browser.browse()
    const after = (await browser.visit()).session
    expect(after).toMatchObject({
      lastSeenAt: time.now,
      idleExpiresAt: time.now + 30 * MINUTE,
      expiresAt: before.expiresAt,
      createdAt: before.createdAt,
      id: before.id,
    })
  })

  it.each([
    ['a minute', {}, MINUTE],
    ['a tenth of a short idle timeout', { idleTimeout: '100s' }, 10 * SECOND],
  ])('writes at most once in %s', async (_case, config, interval) => {
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

  it('may end a session a minute early because of that, and never late', async () => {
    const { browser, time } = await signedIn()
    time.advance(MINUTE - 1) // Too soon to be written, so the idle timeout still runs from the sign-in.
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

  it('does not make the request wait for the store', async () => {
    const { browser, time, store } = await signedIn()
    time.advance(5 * MINUTE)
    const barrier = store.hold('touch')
    const { session, state } = await browser.visit()
    expect(recordActivity(state)).toBeUndefined()
    await barrier.reached
    expect(session.lastSeenAt).toBe(time.now - 5 * MINUTE)
    barrier.release()
    await settled()
    expect(session.lastSeenAt).toBe(time.now)
  })

  it('does not make the request fail if the store does, and the failure is reported', async () => {
    const { browser, time, store, events } = await signedIn()
    time.advance(5 * MINUTE)
    store.fail('touch')
    const { session, request } = await browser.browse()
    expect(session.userId).toBe('ada')
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(events.at(-1)).toMatchObject({ type: 'store_failure', operation: 'touch' })
    store.recover()
    expect((await browser.visit()).session.lastSeenAt).toBe(time.now - 5 * MINUTE)
  })

  it('does not call the store for a visitor without a session', async () => {
    const { browser, store } = await signedIn()
    browser.cookie = undefined
    store.calls.length = 0
    await browser.browse()
    expect(store.calls).toEqual([])
  })
})

describe('a request that does not count as activity', () => {
  it('does not move the idle expiry', async () => {
    const { browser, time, store } = await signedIn()
    time.advance(5 * MINUTE)
    await browser.visit()
    expect((await browser.visit()).session.lastSeenAt).toBe(time.now - 5 * MINUTE)
    expect(store.count('touch')).toBe(0)
  })
})

describe('extend', () => {
  it('moves the idle expiry immediately, however recent the last touch is', async () => {
    const { browser, time } = await signedIn()
    time.advance(1)
    const { session } = await browser.visit()
    expect(await session.extend()).toBe(true)
    expect(session.lastSeenAt).toBe(time.now)
    expect((await browser.visit()).session.lastSeenAt).toBe(time.now)
  })

  it('returns false if there is no session', async () => {
    const { session } = await createTestEngine().browser().visit()
    expect(await session.extend()).toBe(false)
  })

  it('fails with 503 if the store does not respond', async () => {
    const { browser, store } = await signedIn()
    const { session } = await browser.visit()
    store.fail('touch')
    await expect(session.extend()).rejects.toMatchObject({ statusCode: 503 })
  })
})
