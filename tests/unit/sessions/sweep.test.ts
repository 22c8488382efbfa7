import { describe, expect, it } from 'vitest'
import { sweep } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/sweep'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { DAY, HOUR, MINUTE, createTestEngine } from '../../support/engine'
import { probe } from '../../support/probe-driver'

/** Anonymous sessions, created one after another. */
async function withVisitors(count: number, config: Record<string, string> = {}) {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver, config })
  const browsers = Array.from({ length: count }, () => server.browser())
  for (const browser of browsers) {
    server.time.advance(1)
    await (await browser.visit()).session.update({ a: 1 })
  }
  return { ...server, store, browsers }
}

describe('sweep', () => {
  it('deletes expired sessions and keeps active ones', async () => {
    const { engine, time, browsers, rows } = await withVisitors(5)
    time.advance(30 * MINUTE)
    await browsers[0]!.browse()
    time.advance(31 * MINUTE)
    expect(await sweep(engine)).toBe(4)
    expect(await rows()).toBe(1)
    expect(await sweep(engine)).toBe(0)
  })

  it('deletes in batches until nothing is left to delete', async () => {
    const { engine, time, store } = await withVisitors(25)
    time.advance(HOUR)
    expect(await sweep(engine, 10)).toBe(25)
    expect(store.count('sweep')).toBe(3)
  })

  it.each([
    { kind: 'a signed-in', userId: 'ada', lifetime: DAY },
    { kind: 'an anonymous', userId: null, lifetime: 10 * MINUTE },
  ])('deletes the tombstone of $kind session after $lifetime ms', async ({ userId, lifetime }) => {
    const { engine, time, browsers, driver } = await withVisitors(1)
    const [key] = await driver.getKeys('', {})
    if (userId) await (await browsers[0]!.visit()).session.signIn(userId)
    await (await browsers[0]!.visit()).session.signOut()
    time.advance(lifetime - 1)
    expect(await sweep(engine)).toBe(0)
    expect(await driver.readTombstone(key!)).toMatchObject({ reason: 'signed_out' })
    time.advance(1)
    expect(await sweep(engine)).toBe(1)
    expect(await driver.readTombstone(key!)).toBeNull()
  })

  it('deletes the oldest anonymous sessions above the limit, and never a signed-in one', async () => {
    const { engine, browsers, browser, rows } = await withVisitors(10, { maxAnonymous: '4' })
    const ada = browser()
    await (await ada.visit()).session.signIn('ada')
    expect(await sweep(engine, 3)).toBe(6)
    expect(await rows()).toBe(5)
    expect((await ada.visit()).session.userId).toBe('ada')
    const exist = await Promise.all(browsers.map(async visitor => (await visitor.visit()).session.exists))
    expect(exist).toEqual([...Array<boolean>(6).fill(false), ...Array<boolean>(4).fill(true)])
  })

  it('fails if the store does not respond', async () => {
    const { engine, store } = await withVisitors(1)
    store.fail('sweep')
    await expect(sweep(engine)).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
