import { describe, expect, it } from 'vitest'
import type { SessionRecord } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'
import type { AtomicDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { dueForRotation } from '../../support/due-for-rotation'
import { MINUTE, SECOND, createTestEngine } from '../../support/engine'

describe('the first use of the new secret', () => {
  it('starts the grace period, also in a request that is no activity', async () => {
    const { browser, old, time, driver } = await dueForRotation()
    await browser.browse()
    time.advance(20 * MINUTE)
    expect(await graceOf(driver)).toBeNull()
    expect((await old.copy().visit()).session.userId).toBe('ada')
    expect(await graceOf(driver)).toBeNull()
    await browser.visit()
    expect(await graceOf(driver)).toEqual({ from: time.now, until: time.now + 30 * SECOND })
    time.advance(SECOND)
    await browser.visit()
    expect(await graceOf(driver)).toMatchObject({ from: time.now - SECOND })
  })

  it('moves no timeout', async () => {
    const { browser, time } = await dueForRotation()
    const before = (await browser.browse()).session
    time.advance(20 * MINUTE)
    expect((await browser.visit()).session.lastSeenAt).toBe(before.lastSeenAt)
    expect((await browser.visit()).session.lastSeenAt).toBe(before.lastSeenAt)
  })

  it('does not make the request fail if the store does, and is recorded five seconds later', async () => {
    const { browser, store, driver, time, events } = await dueForRotation()
    await browser.browse()
    store.fail('replace')
    for (let i = 0; i < 3; i++) expect((await browser.visit()).session.userId).toBe('ada')
    expect(events.filter(({ type }) => type === 'store_failure')).toHaveLength(1) // No request waits a second time.
    store.recover()
    time.advance(5 * SECOND - 1)
    await browser.visit()
    expect(await graceOf(driver)).toBeNull()
    time.advance(1)
    await browser.visit()
    expect(await graceOf(driver)).toEqual({ from: time.now, until: time.now + 30 * SECOND })
  })

  it('keeps what a parallel request saves', async () => {
    const { browser, store } = await dueForRotation()
    await browser.browse()
    const copy = browser.copy()
    const barrier = store.hold('replace')
    const visits = [browser.visit(), copy.visit()]
    await barrier.reached
    barrier.release()
    for (const [index, { session }] of (await Promise.all(visits)).entries()) {
      expect(await session.update({ [`b${index}`]: index })).toBe(true)
    }
    expect(await browser.get()).toEqual({ a: 1, b0: 0, b1: 1 })
  })

  it('finds that the session has ended in the meantime', async () => {
    const { browser, old, store } = await dueForRotation()
    await browser.browse()
    const barrier = store.hold('replace')
    const late = browser.visit()
    await barrier.reached
    await (await old.visit()).session.signOut()
    barrier.release()
    expect((await late).session.exists).toBe(false)
  })

  it('happens once after a sign-in', async () => {
    const { browser } = createTestEngine()
    const visitor = browser()
    await (await visitor.visit()).session.update({ a: 1 })
    const { session } = await visitor.visit()
    await session.signIn('ada')
    const { state } = await visitor.visit()
    const version = state.current!.session.version
    expect((await visitor.visit()).state.current!.session.version).toBe(version)
  })
})

describe('a further rotation', () => {
  it('waits for the first use of the new secret, and for responses to requests with the old one', async () => {
    const { browser, old, time } = await dueForRotation({ rotateEvery: '1m' })
    await browser.browse()
    time.advance(20 * MINUTE)
    expect((await old.copy().browse()).request.sent).toHaveLength(1) // The same new secret.
    await browser.browse() // Its first use.
    time.advance(30 * SECOND - 1)
    const { request: late } = await old.visit()
    time.advance(30 * SECOND)
    expect((await browser.browse()).request.sent).toEqual([])
    browser.cookie = late.sent[0]!.value
    time.advance(1)
    expect((await browser.browse()).request.sent).toHaveLength(1)
    expect((await browser.visit()).session.userId).toBe('ada')
  })
})

async function graceOf(driver: AtomicDriver): Promise<unknown> {
  const [key] = await driver.getKeys('', {})
  const { value } = (await driver.read(key!))!
  return (JSON.parse(value) as SessionRecord).previous!.grace
}
