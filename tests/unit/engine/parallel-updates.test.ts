import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { makeBench, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function withSession(data: Record<string, unknown> = { a: 1 }) {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver })
  const browser = bench.browser()
  await (await browser.visit()).session.update(data)
  return { ...bench, store, browser }
}

interface Counter { n: number }

describe('a request that only reads', () => {
  it('never overwrites what another saves meanwhile (F3)', async () => {
    const { browser, store } = await withSession()
    const reader = await browser.visit()
    await (await browser.visit()).session.update({ a: 2 })
    store.calls.length = 0
    expect(reader.session.data).toEqual({ a: 1 })
    await reader.session.recordActivity()
    expect(store.calls).toEqual([])
    expect(await browser.peek()).toEqual({ a: 2 })
  })
})

describe('parallel updates', () => {
  it('of different keys are both kept (F2)', async () => {
    const { browser } = await withSession()
    const visits = await Promise.all([browser.visit(), browser.visit()])
    await Promise.all(visits.map(({ session }, index) => session.update({ [`key${index}`]: index })))
    expect(await browser.peek()).toEqual({ a: 1, key0: 0, key1: 1 })
  })

  it('of one counter are all counted (F1)', async () => {
    const { browser } = await withSession({ n: 0 })
    const visits = await Promise.all(Array.from({ length: 200 }, () => browser.visit<Counter>()))
    const saved = await Promise.all(visits.map(({ session }) => session.update(draft => void draft.n++)))
    expect(saved.every(Boolean)).toBe(true)
    expect(await browser.peek()).toEqual({ n: 200 })
  })

  it('from two processes are all counted (F1, F17)', async () => {
    const bench = await withSession({ n: 0 })
    const other = makeBench({ driver: bench.driver, time: bench.time })
    const admitted = (await bench.engine.load(bench.browser.header))!
    expect(admitted.live.version).toBe(1)
    const barrier = bench.store.hold('replace')
    const slow = (await bench.browser.visit<Counter>()).session.update(draft => void draft.n++)
    await barrier.reached
    await other.engine.replace(admitted.live, { ...admitted.live.record, data: [{ n: 1 }, 41] })
    barrier.release()
    expect(await slow).toBe(true)
    expect(await bench.browser.peek()).toEqual({ n: 42 })
  })

  it('that always lose end in 409 after a bounded number of tries, and change nothing (F1)', async () => {
    const bench = await withSession({ n: 0 })
    const rival = makeBench({ driver: bench.driver, time: bench.time })
    const { session } = await bench.browser.visit<Counter>()
    let tries = 0
    const losing = session.update(async (draft) => {
      tries++
      draft.n = -1
      const { live } = (await bench.engine.load(bench.browser.header))!
      await rival.engine.replace(live, { ...live.record, data: [{ n: 1 }, tries] })
    })
    await expect(losing).rejects.toMatchObject({ code: 'conflict', statusCode: 409 })
    expect(tries).toBe(6)
    expect(await bench.browser.peek()).toEqual({ n: 6 })
  })

  it('within one request share the session that the first of them creates (F13)', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    const { session, request } = await browser.visit()
    await Promise.all(Array.from({ length: 20 }, (_, index) => session.update({ [`key${index}`]: index })))
    expect(await bench.rows()).toBe(1)
    expect(request.sent).toHaveLength(1)
    expect(Object.keys((await browser.peek())!)).toHaveLength(20)
  })

  it('of 64 first requests make at most one row each (F13)', async () => {
    const bench = makeBench()
    const visits = await Promise.all(Array.from({ length: 64 }, () => bench.browser().visit()))
    await Promise.all(visits.map(({ session }) => session.update({ a: 1 })))
    expect(await bench.rows()).toBe(64)
  })

  it('may be nested', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    const nested = session.update(async () => void await session.update({ b: 2 }).catch(() => {}))
    expect(await Promise.race([nested.then(() => 'done', () => 'refused'), settled(50).then(() => 'stuck')])).not.toBe('stuck')
  })
})
