import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { sweep } from '../../../layers/session/server/engine/sweeper'
import { DAY, HOUR, MINUTE, makeBench } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function withVisitors(count: number, config: Record<string, string> = {}) {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver, config })
  const browsers = Array.from({ length: count }, () => bench.browser())
  for (const browser of browsers) {
    bench.time.advance(1)
    await (await browser.visit()).session.update({ a: 1 })
  }
  return { ...bench, store, browsers }
}

describe('sweep', () => {
  it('deletes what has ended, and leaves what lives', async () => {
    const { engine, time, browsers, rows } = await withVisitors(5)
    time.advance(30 * 60_000)
    await browsers[0]!.browse()
    time.advance(31 * 60_000)
    expect(await sweep(engine)).toBe(4)
    expect(await rows()).toBe(1)
    expect(await sweep(engine)).toBe(0)
  })

  it('goes in slices, to the end', async () => {
    const { engine, time, store } = await withVisitors(25)
    time.advance(HOUR)
    expect(await sweep(engine, 10)).toBe(25)
    expect(store.count('sweep')).toBe(3)
  })

  it.each([['ada', DAY], [null, 10 * MINUTE]])('deletes the tombstone of a session of %s after its time', async (owner, lifetime) => {
    const { engine, time, browsers, driver } = await withVisitors(1)
    const [key] = await driver.getKeys('', {})
    if (owner) await (await browsers[0]!.visit()).session.signIn(owner)
    await (await browsers[0]!.visit()).session.signOut()
    time.advance(lifetime - 1)
    expect(await sweep(engine)).toBe(0)
    expect(await driver.endOf(key!)).toMatchObject({ reason: 'signed_out' })
    time.advance(1)
    expect(await sweep(engine)).toBe(1)
    expect(await driver.endOf(key!)).toBeNull()
  })

  it('takes the oldest anonymous sessions over the limit, and never one that is signed in (K10)', async () => {
    const { engine, browsers, browser, rows } = await withVisitors(10, { maxAnonymous: '4' })
    const ada = browser()
    await (await ada.visit()).session.signIn('ada')
    expect(await sweep(engine, 3)).toBe(6)
    expect(await rows()).toBe(5)
    expect((await ada.visit()).session.owner).toBe('ada')
    expect(await Promise.all(browsers.map(async visitor => (await visitor.visit()).session.exists))).toEqual([...Array<boolean>(6).fill(false), ...Array<boolean>(4).fill(true)])
  })

  it('says when the store does not answer', async () => {
    const { engine, store } = await withVisitors(1)
    store.fail('sweep')
    await expect(sweep(engine)).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
