import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { MINUTE, SECOND, makeBench } from '../../support/engine'
import { probe } from '../../support/probe-driver'

/** A session of 15 minutes, which its next activity rotates. */
async function dueForRotation(config: Record<string, string> = {}) {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver, config })
  const browser = bench.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  bench.time.advance(15 * MINUTE)
  return { ...bench, store, browser, old: browser.copy() }
}

describe('rotate', () => {
  it('kills the old secret at once', async () => {
    const { browser, old, events, time } = await dueForRotation()
    const { session } = await browser.visit()
    expect(await session.rotate()).toBe(true)
    expect((await old.visit()).session.exists).toBe(false)
    expect(events.at(-1)).toMatchObject({ type: 'rotated' }) // A request that was under way is no theft.
    time.advance(30 * SECOND)
    expect((await old.visit()).session.exists).toBe(false)
    expect(events.at(-1)).toMatchObject({ type: 'secret_reuse' })
    expect(await browser.peek()).toEqual({ a: 1 })
  })

  it('kills the old secret also where another server\'s clock is behind', async () => {
    const { browser, old, time } = await dueForRotation()
    await (await browser.visit()).session.rotate()
    time.advance(-5)
    expect(await old.peek()).toBeNull()
  })

  it('kills the secret before, too, though its grace still runs', async () => {
    const { browser, old } = await dueForRotation()
    await browser.browse()
    await (await browser.visit()).session.rotate()
    expect(await old.peek()).toBeNull()
  })

  it('against rotate has one winner', async () => {
    const { browser, old } = await dueForRotation()
    const tabs = [await browser.visit(), await old.visit()]
    const outcomes = await Promise.all(tabs.map(({ session }) => session.rotate()))
    expect(outcomes.toSorted()).toEqual([false, true])
    expect(tabs.map(({ request }) => request.sent.length)).toEqual(outcomes.map(Number))
  })

  it('answers false and sends nothing where there is no session', async () => {
    const { session, request } = await makeBench().browser().visit()
    expect(await session.rotate()).toBe(false)
    expect(request.sent).toEqual([])
  })

  it('fails where the store does', async () => {
    const { browser, store } = await dueForRotation()
    const { session, request } = await browser.visit()
    store.fail('replace')
    await expect(session.rotate()).rejects.toMatchObject({ statusCode: 503, code: 'store_unavailable' })
    expect(request.sent).toEqual([])
  })
})
