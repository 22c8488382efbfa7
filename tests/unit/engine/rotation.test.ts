import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { MINUTE, SECOND, makeBench, newRing, settled } from '../../support/engine'
import { generateKey } from '../../../layers/session/server/engine/key-ring'
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

describe('periodic rotation', () => {
  it('comes at 15 minutes, not a millisecond before', async () => {
    const { browser, time } = await dueForRotation()
    time.advance(-1)
    expect((await browser.browse()).request.sent).toEqual([])
    time.advance(1)
    expect((await browser.browse()).request.sent).toHaveLength(1)
  })

  it('changes the secret, and neither handle, owner, data nor the absolute clock', async () => {
    const { browser, events, time } = await dueForRotation()
    const before = (await browser.visit()).session
    const cookie = browser.cookie
    await browser.browse()
    expect(browser.cookie).not.toBe(cookie)
    const after = (await browser.visit()).session
    expect(after).toMatchObject({ handle: before.handle, owner: 'ada', data: { a: 1 }, expiresAt: before.expiresAt, lastSeenAt: time.now })
    expect(events.filter(({ type }) => type === 'rotated')).toEqual([{ type: 'rotated', handle: after.handle }])
  })

  it('does not come again for another 15 minutes', async () => {
    const { browser, time } = await dueForRotation()
    await browser.browse()
    time.advance(15 * MINUTE - 1)
    expect((await browser.browse()).request.sent).toEqual([])
    time.advance(1)
    expect((await browser.browse()).request.sent).toHaveLength(1)
  })

  it('does not come by itself while nobody is active', async () => {
    const { browser } = await dueForRotation()
    expect((await browser.visit()).request.sent).toEqual([])
  })

  it('keeps a remembered session\'s cookie to the absolute end', async () => {
    const { browser, time } = await dueForRotation()
    await (await browser.visit()).session.signIn('ada', { remember: true })
    time.advance(15 * MINUTE)
    const { request, session } = await browser.browse()
    expect(request.sent).toMatchObject([{ maxAge: (session.expiresAt! - time.now) / 1000 }])
  })

  it('that fails costs nobody the request, and the old cookie stays good', async () => {
    const { browser, store } = await dueForRotation()
    store.fail('replace')
    const { session, request } = await browser.browse()
    expect(session.owner).toBe('ada')
    expect(request.sent).toEqual([])
    store.heal()
    expect(await browser.peek()).toEqual({ a: 1 })
  })

  it('changes a secret and keeps what a parallel request saves (F8)', async () => {
    const { browser, old, store } = await dueForRotation()
    const { session } = await old.visit()
    const barrier = store.hold('replace')
    const saving = session.update({ b: 2 })
    await barrier.reached
    await browser.browse()
    barrier.release()
    expect(await saving).toBe(true)
    expect(await browser.peek()).toEqual({ a: 1, b: 2 })
    expect(await old.peek()).toEqual({ a: 1, b: 2 })
  })
})

describe('the previous secret', () => {
  it('answers to the last millisecond of its grace, and then counts as reused (A11, A12)', async () => {
    const { browser, old, time, events } = await dueForRotation()
    await browser.browse()
    time.advance(30 * SECOND - 1)
    expect((await old.copy().visit()).session.owner).toBe('ada')
    time.advance(1)
    const { session, request } = await old.visit()
    expect(session.exists).toBe(false)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(events.at(-1)).toEqual({ type: 'secret_reuse', handle: (await browser.visit()).session.handle })
  })

  it('leads each of 20 parallel requests to the same new secret, rotated once (A11, F6)', async () => {
    const { browser, old, events, engine } = await dueForRotation()
    const tabs = await Promise.all(Array.from({ length: 20 }, () => old.copy().visit()))
    await Promise.all(tabs.map(({ session }) => session.recordActivity()))
    expect(events.filter(({ type }) => type === 'rotated')).toHaveLength(1)
    expect(tabs.map(({ request }) => request.sent.length)).toEqual(Array.from({ length: 20 }, () => 1))
    const versions = await Promise.all(tabs.map(async ({ request }) => (await engine.load(`__Host-session=${request.sent[0]!.value}`))))
    expect(new Set(versions.map(admitted => admitted!.ticket.secret.toString('hex'))).size).toBe(1)
    browser.cookie = tabs[7]!.request.sent[0]!.value
    expect((await browser.visit()).session.owner).toBe('ada')
  })

  it('of a response that was lost is replaced at the next request (A11)', async () => {
    const { old, time } = await dueForRotation()
    await old.copy().browse() // The answer never arrives.
    time.advance(10 * SECOND)
    const { request, session } = await old.browse()
    expect(request.sent).toHaveLength(1)
    expect(session.owner).toBe('ada')
    time.advance(MINUTE)
    expect((await old.visit()).session.owner).toBe('ada')
  })

  it('is no longer taken two generations on, though its own grace still runs (A13)', async () => {
    const { engine, browser, old, time, events } = await dueForRotation()
    await browser.browse()
    const middle = browser.copy()
    time.advance(SECOND)
    const admitted = (await engine.load(browser.header))!
    await engine.replace(admitted.live, engine.rotation(admitted, 30 * SECOND).record)
    expect((await old.visit()).session.exists).toBe(false)
    expect(events.at(-1)).toMatchObject({ type: 'secret_reuse' })
    expect((await middle.visit()).session.owner).toBe('ada')
  })

  it('stays unknown to whoever reads the store', async () => {
    const { browser, driver } = await dueForRotation()
    await browser.browse()
    const [key] = await driver.getKeys('', {})
    const { value } = (await driver.read(key!))!
    expect(JSON.parse(value)).toMatchObject({ previous: { hash: expect.stringMatching(/^[\w-]{43}$/) as string } })
    expect(value).not.toContain(browser.cookie)
  })

  it('is not given more than twice its grace by a clock that is set back (K8)', async () => {
    const { browser, old, time } = await dueForRotation()
    await browser.browse()
    time.advance(-10 * MINUTE)
    await browser.visit()
    time.advance(2 * 30 * SECOND)
    expect((await old.visit()).session.exists).toBe(false)
  })

  it('still saves what a request longer than the grace was let in for', async () => {
    const { browser, old, time } = await dueForRotation()
    const { session } = await old.visit()
    await browser.browse()
    time.advance(31 * SECOND)
    expect(await session.update({ b: 2 })).toBe(true)
  })

  it('is replaced in a session that is almost full, too', async () => {
    const { browser, time } = await dueForRotation()
    const { session } = await browser.browse()
    await session.rotate()
    const free = 64 * 1024 - 600
    await session.update({ filler: 'x'.repeat(free) })
    for (let room = 600; room > 0; room -= 20) await session.update({ more: 'x'.repeat(600 - room) }).catch(() => {})
    time.advance(15 * MINUTE)
    expect((await browser.browse()).request.sent).toHaveLength(1)
  })
})

describe('a key that is changed while visitors go on', () => {
  it('refuses nobody, whichever of two servers answers (K4)', async () => {
    const [older, newer] = [generateKey(), generateKey()]
    const { driver, time } = makeBench()
    const servers = [[older], [older, newer], [newer, older], [newer]].map(keys => makeBench({ driver, time, ring: newRing(...keys) }))
    const browsers = Array.from({ length: 20 }, () => servers[0]!.browser())
    for (const browser of browsers) await (await browser.visit()).session.signIn('ada')
    // Servers are exchanged one after another, so two neighbours in this row answer side by side.
    for (const pair of [[0, 1], [1, 2], [2, 2], [2, 3], [3, 3]]) {
      for (const server of pair) {
        time.advance(MINUTE)
        for (const browser of browsers) {
          const visitor = servers[server]!.browser()
          visitor.cookie = browser.cookie
          expect((await visitor.browse()).session.owner).toBe('ada')
          browser.cookie = visitor.cookie
        }
      }
    }
  })
})

describe('a cookie under an old key', () => {
  it('is sealed anew at its next touch, with the same secret (K1)', async () => {
    const [older, newer] = [generateKey(), generateKey()]
    const before = makeBench({ ring: newRing(older) })
    const signIn = before.browser()
    await (await signIn.visit()).session.signIn('ada')
    const after = makeBench({ driver: before.driver, time: before.time, ring: newRing(newer, older) })
    const browser = after.browser()
    browser.cookie = signIn.cookie
    expect((await browser.browse()).request.sent).toEqual([])
    after.time.advance(MINUTE)
    expect((await browser.browse()).request.sent).toHaveLength(1)
    await settled()
    const last = makeBench({ driver: before.driver, time: before.time, ring: newRing(newer) }).browser()
    last.cookie = browser.cookie
    expect((await last.visit()).session.owner).toBe('ada')
    last.cookie = signIn.cookie
    expect((await last.visit()).session.owner).toBeNull()
  })
})
