import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { newTicket, seal } from '../../../layers/session/server/engine/seal'
import { MINUTE, cookieOf, makeBench, newRing, settled } from '../../support/engine'
import { fuzzing, seed } from '../../support/fuzzing'
import { probe } from '../../support/probe-driver'

async function setUp() {
  const store = probe(memoryDriver())
  const ring = newRing()
  const bench = makeBench({ driver: store.driver, ring })
  const browser = bench.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  const [key] = await bench.driver.getKeys('', {})
  store.calls.length = 0
  bench.events.length = 0
  return { ...bench, store, browser, ring, key: key! }
}

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

const forged = { type: 'refused', reason: 'forged' }

describe('a cookie that is no ticket of ours', () => {
  it('is refused without asking the store, for each bit that is flipped (A1)', async () => {
    const { browser, engine, store, events } = await setUp()
    const bytes = Buffer.from(browser.cookie!, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(await engine.load(cookieOf(flipped.toString('base64url')))).toBeNull()
    }
    expect(store.calls).toEqual([])
    expect(events).toEqual(Array.from({ length: bytes.length * 8 }, () => forged))
  })

  it(`is refused however it is mangled, and never throws (A1 to A3, A14, A25; FUZZ_SEED=${seed})`, async () => {
    const { browser, engine, store } = await setUp()
    const good = browser.cookie!
    const mangled = fc.oneof(
      fc.tuple(fc.nat(good.length - 1), fc.string({ unit: 'binary', minLength: 1, maxLength: 4 })).map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1)),
      fc.tuple(fc.nat(good.length), fc.nat(good.length)).map(([from, to]) => good.slice(Math.min(from, to), Math.max(from, to))),
      fc.string({ unit: 'binary', maxLength: 600 }),
      fc.base64String({ minLength: 108, maxLength: 108 }),
    ).filter(text => text !== good && text.trim() !== good && text.split(';', 1)[0]!.trim() !== good)
    await fc.assert(fc.asyncProperty(mangled, async text => await engine.load(cookieOf(text)) === null), fuzzing(10_000))
    expect(store.calls).toEqual([])
  })

  it.each([512, 513, 4096, 8 * 1024, 15 * 1024])('is refused at %i characters (A14)', async (length) => {
    const { browser, engine, store, events } = await setUp()
    expect(await engine.load(cookieOf(browser.cookie!.padEnd(length, 'A')))).toBeNull()
    expect(events).toEqual([forged])
    expect(store.calls).toEqual([])
  })

  it('is told to whoever brought it, and nothing else is (A30)', async () => {
    const { browser, engine, ring } = await setUp()
    const witness = { forgedCookie: vi.fn(), supersededCookie: vi.fn() }
    const other = cookieOf(seal(newRing(), '__Host-session', newTicket()))
    const unknown = cookieOf(seal(ring, '__Host-session', newTicket()))
    for (const header of [undefined, 'theme=dark', browser.header, `${other}; ${browser.header}`, unknown]) await engine.load(header, witness)
    expect(witness.forgedCookie).not.toHaveBeenCalled()
    for (const header of [other, cookieOf('x'), cookieOf(''), cookieOf('x'.repeat(5000))]) await engine.load(header, witness)
    expect(witness.forgedCookie).toHaveBeenCalledTimes(4)
  })

  it('sealed with another key is refused (A4)', async () => {
    const { engine, store, events } = await setUp()
    expect(await engine.load(cookieOf(seal(newRing(), '__Host-session', newTicket())))).toBeNull()
    expect(events).toEqual([forged])
    expect(store.calls).toEqual([])
  })

  it('of another app that shares the keys is refused (A7)', async () => {
    const { engine, ring, events } = await setUp()
    expect(await engine.load(cookieOf(seal(ring, '__Host-other', newTicket())))).toBeNull()
    expect(events).toEqual([forged])
  })
})

describe('a doubled cookie', () => {
  it('with the same value is taken (A17)', async () => {
    const { browser, engine } = await setUp()
    expect(await engine.load(`${browser.header}; ${browser.header}`)).not.toBeNull()
  })

  it('with two values is refused in either order, though one of them is good (A18)', async () => {
    const { browser, engine, store, events } = await setUp()
    const other = cookieOf('evil')
    expect(await engine.load(`${browser.header}; ${other}`)).toBeNull()
    expect(await engine.load(`${other}; ${browser.header}`)).toBeNull()
    expect(events).toEqual([{ type: 'refused', reason: 'duplicate_cookie' }, { type: 'refused', reason: 'duplicate_cookie' }])
    expect(store.calls).toEqual([])
  })
})

describe('a good ticket', () => {
  it('is looked up once for each request', async () => {
    const { browser, store } = await setUp()
    await browser.visit()
    await browser.visit()
    expect(store.calls).toEqual(['read', 'read'])
  })

  it('of a session that the store does not know makes no row under that name (A8)', async () => {
    const { engine, ring, events, rows } = await setUp()
    expect(await engine.load(cookieOf(seal(ring, '__Host-session', newTicket())))).toBeNull()
    expect(events).toEqual([{ type: 'refused', reason: 'unknown' }])
    expect(await rows()).toBe(1)
  })

  it('whose secret is not the session\'s is refused as reused', async () => {
    const { browser, engine, ring, events } = await setUp()
    const { ticket } = (await engine.load(browser.header))!
    expect(await engine.load(cookieOf(seal(ring, '__Host-session', { ...ticket, secret: newTicket().secret })))).toBeNull()
    expect(events).toMatchObject([{ type: 'secret_reuse' }])
  })

  it('in a stranger\'s next update makes a new session and leaves the old name alone (A8)', async () => {
    const { browser, ring, rows, ...bench } = await setUp()
    const stranger = bench.engine
    const planted = seal(ring, '__Host-session', newTicket())
    browser.cookie = planted
    const { session } = await browser.visit()
    await session.update({ a: 1 })
    expect(browser.cookie).not.toBe(planted)
    expect(await stranger.load(cookieOf(planted))).toBeNull()
    expect(await rows()).toBe(2)
  })
})

describe('a ticket\'s age', () => {
  it('counts for nothing: sealed in 1970 or in 2100, it is the record that decides (A28)', async () => {
    const { engine, ring, browser, time } = await setUp()
    const { ticket } = (await engine.load(browser.header))!
    for (const now of [0, Date.UTC(2100, 0, 1)]) {
      vi.useFakeTimers({ now })
      const sealed = cookieOf(seal(ring, '__Host-session', ticket))
      vi.useRealTimers()
      expect(await engine.load(sealed)).toMatchObject({ live: { record: { owner: 'ada' } } })
      const stranger = cookieOf(seal(ring, '__Host-session', newTicket()))
      expect(await engine.load(stranger)).toBeNull()
    }
    time.advance(30 * MINUTE)
    expect(await engine.load(cookieOf(seal(ring, '__Host-session', ticket)))).toBeNull()
  })
})

describe('a record that is not sound', () => {
  it.each([
    ['garbage', '{{{'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['of a newer schema', '{"schema":99}'],
  ])('(%s) makes its visitor a stranger, is reported, and stays as it is (E10)', async (_case, value) => {
    const { browser, driver, key, events } = await setUp()
    const { handle } = (await browser.visit()).session
    const [record] = await driver.listByOwner('ada')
    await driver.replace(key, value, { owner: 'ada', createdAt: 1, lastSeenAt: 1, idleTimeout: 1e12, expiresAt: 1e15 }, record!.version)
    const { session, request } = await browser.browse()
    expect(session).toMatchObject({ exists: false, owner: null, data: {} })
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(events).toEqual([{ type: 'corrupt_record', handle }])
    expect((await driver.read(key))?.value).toBe(value)
  })
})

describe('what is remembered of a ticket', () => {
  it('is not the whole header that it came in', async () => {
    const { engine, ring } = await setUp()
    const load = () => engine.load(`${cookieOf(seal(ring, '__Host-session', newTicket()))}; a=${'x'.repeat(15_000)}`)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 2000; i++) await load()
    collectGarbage()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
    await load() // Until here the engine is in use, and so is what it remembers.
  })

  it('saves parsing a record that is the same, and asks the store for it all the same', async () => {
    const { browser, engine, store } = await setUp()
    const [first, second] = [await engine.load(browser.header), await engine.load(browser.header)]
    expect(second!.live.record).toBe(first!.live.record)
    expect(store.calls).toEqual(['read', 'read'])
    await (await browser.visit()).session.update({ a: 2 })
    expect((await engine.load(browser.header))!.live.record).not.toBe(first!.live.record)
    expect(await browser.peek()).toEqual({ a: 2 })
  })

  it('gives no request what another one did to its copy', async () => {
    const { browser } = await setUp()
    await (await browser.visit()).session.update({ a: { deep: [1, new Map([['x', 1]])] } })
    for (const visit of [await browser.visit(), await browser.visit()]) {
      const { a } = visit.session.data as { a: { deep: [number, Map<string, number>], more?: boolean } }
      expect(a).toEqual({ deep: [1, new Map([['x', 1]])] })
      a.deep[0] = 2
      a.deep[1].clear()
      a.more = true
    }
    expect(await browser.peek()).toEqual({ a: { deep: [1, new Map([['x', 1]])] } })
  })

  it.each(['signed out', 'expired', 'broken'])('is nothing that a session held which is %s', async (how) => {
    const { browser, engine, driver, time, key } = await setUp()
    const remembered = new WeakRef((await engine.load(browser.header))!.live.record)
    if (how === 'signed out') await driver.remove(key, time.now, 'signed_out')
    if (how === 'expired') time.advance(24 * 60 * MINUTE)
    if (how === 'broken') await driver.setItem!(key, '{}', {})
    expect(await engine.load(browser.header)).toBeNull()
    await settled()
    collectGarbage()
    expect(remembered.deref()).toBeUndefined()
  })

  it('is nothing that a session held which nobody has used for a while', async () => {
    const { browser, engine } = await setUp()
    const remembered = new WeakRef((await engine.load(browser.header))!.live.record)
    engine.forgetIdle()
    expect((await engine.load(browser.header))!.live.record).toBe(remembered.deref())
    engine.forgetIdle()
    engine.forgetIdle()
    await settled()
    collectGarbage()
    expect(remembered.deref()).toBeUndefined()
    expect(await browser.peek()).toEqual({ a: 1 })
  })

  it('is no record of more than a kilobyte', async () => {
    const { browser, engine } = await setUp()
    await (await browser.visit()).session.update({ a: 'x'.repeat(1024) })
    const [first, second] = [await engine.load(browser.header), await engine.load(browser.header)]
    expect(second!.live.record).not.toBe(first!.live.record)
  })
})
