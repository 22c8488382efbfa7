import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { SessionCookie } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { newSessionCookie, seal } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import type { KeyRing } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { MINUTE, authenticate, cookieOf, createTestEngine, load, newRing, settled } from '../../support/engine'
import { fuzzing, seed } from '../../support/limits'
import { probe } from '../../support/probe-driver'

/** A browser that is signed in, on a server whose calls and events so far are forgotten. */
async function setUp() {
  const store = probe(memoryDriver())
  const ring = newRing()
  const server = createTestEngine({ driver: store.driver, ring })
  const browser = server.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  const [key] = await server.driver.getKeys('', {})
  store.calls.length = 0
  server.events.length = 0
  return { ...server, store, browser, ring, key: key! }
}

/** The `Cookie` header of a cookie that these keys have sealed. */
function headerOf(ring: KeyRing, cookie: SessionCookie = newSessionCookie(), name = '__Host-session'): string {
  return cookieOf(seal(ring, name, cookie))
}

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

const forged = { type: 'refused', reason: 'forged' }

describe('a forged cookie', () => {
  it('is rejected without a read of the store, whichever bit of a valid cookie is flipped', async () => {
    const { browser, engine, store, events } = await setUp()
    const bytes = Buffer.from(browser.cookie!, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(await load(engine, cookieOf(flipped.toString('base64url')))).toBeNull()
    }
    expect(store.calls).toEqual([])
    expect(events).toEqual(Array.from({ length: bytes.length * 8 }, () => forged))
  })

  it(`is rejected without an exception, however a valid cookie is mangled (FUZZ_SEED=${seed})`, async () => {
    const { browser, engine, store } = await setUp()
    const valid = browser.cookie!
    const mangled = fc.oneof(
      fc.tuple(fc.nat(valid.length - 1), fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }))
        .map(([at, text]) => valid.slice(0, at) + text + valid.slice(at + 1)),
      fc.tuple(fc.nat(valid.length), fc.nat(valid.length))
        .map(([from, to]) => valid.slice(Math.min(from, to), Math.max(from, to))),
      fc.string({ unit: 'binary', maxLength: 600 }),
      fc.base64String({ minLength: 108, maxLength: 108 }),
    ).filter(text => text !== valid && text.trim() !== valid && text.split(';', 1)[0]!.trim() !== valid)
    const isRejected = async (text: string) => await load(engine, cookieOf(text)) === null
    await fc.assert(fc.asyncProperty(mangled, isRejected), fuzzing(10_000))
    expect(store.calls).toEqual([])
  })

  it.each([512, 513, 4096, 8 * 1024, 15 * 1024])('is rejected at a length of %i characters', async (length) => {
    const { browser, engine, store, events } = await setUp()
    expect(await load(engine, cookieOf(browser.cookie!.padEnd(length, 'A')))).toBeNull()
    expect(events).toEqual([forged])
    expect(store.calls).toEqual([])
  })

  it('is the only kind of cookie with the outcome "forged"', async () => {
    const { browser, engine, ring } = await setUp()
    const otherKey = headerOf(newRing())
    const outcomesOf = async (headers: (string | undefined)[]) =>
      Promise.all(headers.map(async header => (await authenticate(engine, header)).outcome))
    expect(await outcomesOf([
      undefined, 'theme=dark', browser.header, `${otherKey}; ${browser.header}`, headerOf(ring),
    ])).toEqual(['absent', 'absent', 'authenticated', 'duplicate', 'unknown'])
    expect(await outcomesOf([
      otherKey, cookieOf('x'), cookieOf(''), cookieOf('x'.repeat(5000)),
    ])).toEqual(['forged', 'forged', 'forged', 'forged'])
  })

  it('is rejected if it was sealed with a key that is not in the ring', async () => {
    const { engine, store, events } = await setUp()
    expect(await load(engine, headerOf(newRing()))).toBeNull()
    expect(events).toEqual([forged])
    expect(store.calls).toEqual([])
  })

  it('is rejected if another app sealed it with the same keys, for another cookie name', async () => {
    const { engine, ring, events } = await setUp()
    expect(await load(engine, headerOf(ring, newSessionCookie(), '__Host-other'))).toBeNull()
    expect(events).toEqual([forged])
  })
})

describe('a session cookie that occurs twice in the header', () => {
  it('is accepted if both values are the same', async () => {
    const { browser, engine } = await setUp()
    expect(await load(engine, `${browser.header}; ${browser.header}`)).not.toBeNull()
  })

  it('is rejected if the values differ, in either order, even if one of them is valid', async () => {
    const { browser, engine, store, events } = await setUp()
    const other = cookieOf('evil')
    expect(await load(engine, `${browser.header}; ${other}`)).toBeNull()
    expect(await load(engine, `${other}; ${browser.header}`)).toBeNull()
    expect(events).toEqual(Array.from({ length: 2 }, () => ({ type: 'refused', reason: 'duplicate_cookie' })))
    expect(store.calls).toEqual([])
  })
})

describe('a correctly sealed cookie', () => {
  it('causes one read of the store for each request', async () => {
    const { browser, store } = await setUp()
    await browser.visit()
    await browser.visit()
    expect(store.calls).toEqual(['read', 'read'])
  })

  it('creates no record if the store does not know its session', async () => {
    const { engine, ring, events, rows } = await setUp()
    expect(await load(engine, headerOf(ring))).toBeNull()
    expect(events).toEqual([{ type: 'refused', reason: 'unknown' }])
    expect(await rows()).toBe(1)
  })

  it('is rejected as reuse of a secret if its secret is not that of the session', async () => {
    const { browser, engine, ring, events } = await setUp()
    const { cookie } = (await load(engine, browser.header))!
    expect(await load(engine, headerOf(ring, { ...cookie, secret: newSessionCookie().secret }))).toBeNull()
    expect(events).toMatchObject([{ type: 'secret_reuse' }, { type: 'ended', reason: 'secret_reuse' }])
  })

  it('does not decide the sid of a session that a later update creates', async () => {
    const { browser, engine, ring, rows } = await setUp()
    const planted = seal(ring, '__Host-session', newSessionCookie())
    browser.cookie = planted
    const { session } = await browser.visit()
    await session.update({ a: 1 })
    expect(browser.cookie).not.toBe(planted)
    expect(await load(engine, cookieOf(planted))).toBeNull()
    expect(await rows()).toBe(2)
  })

  it('does not decide the expiry: only the record does, whether it was sealed in 1970 or in 2100', async () => {
    const { engine, ring, browser, time } = await setUp()
    const { cookie } = (await load(engine, browser.header))!
    for (const now of [0, Date.UTC(2100, 0, 1)]) {
      vi.useFakeTimers({ now })
      const [known, unknown] = [headerOf(ring, cookie), headerOf(ring)]
      vi.useRealTimers()
      expect(await load(engine, known)).toMatchObject({ session: { record: { userId: 'ada' } } })
      expect(await load(engine, unknown)).toBeNull()
    }
    time.advance(30 * MINUTE)
    expect(await load(engine, headerOf(ring, cookie))).toBeNull()
  })
})

describe('a corrupt record', () => {
  it.each([
    ['garbage', '{{{'],
    ['an empty value', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['a newer schema', '{"schema":99}'],
  ])('opens no session, is reported, and stays as it is in the store: %s', async (_case, value) => {
    const { browser, driver, key, events } = await setUp()
    const { id } = (await browser.visit()).session
    const [record] = await driver.listByUser('ada')
    const meta = { userId: 'ada', createdAt: 1, lastSeenAt: 1, idleTimeout: 1e12, expiresAt: 1e15 }
    await driver.replace(key, value, meta, record!.version)
    const { session, request } = await browser.browse()
    expect(session).toMatchObject({ exists: false, userId: null, data: {} })
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(events).toEqual([{ type: 'corrupt_record', id }])
    expect((await driver.read(key))?.value).toBe(value)
  })
})

describe('the cache of parsed cookies and records', () => {
  it('does not keep the whole header in memory that a cookie was part of', async () => {
    const { engine, ring } = await setUp()
    const loadFromLongHeader = () => load(engine, `${headerOf(ring)}; a=${'x'.repeat(15_000)}`)
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 2000; i++) await loadFromLongHeader()
    collectGarbage()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
    await loadFromLongHeader() // Keeps the engine, and with it the cache, in use until here.
  })

  it('saves parsing an unchanged record, and still reads the store at each request', async () => {
    const { browser, engine, store } = await setUp()
    const [first, second] = [await load(engine, browser.header), await load(engine, browser.header)]
    expect(second!.session.record).toBe(first!.session.record)
    expect(store.calls).toEqual(['read', 'read'])
    await (await browser.visit()).session.update({ a: 2 })
    expect((await load(engine, browser.header))!.session.record).not.toBe(first!.session.record)
    expect(await browser.get()).toEqual({ a: 2 })
  })

  it('gives each request its own copy of the data', async () => {
    const { browser } = await setUp()
    await (await browser.visit()).session.update({ a: { deep: [1, new Map([['x', 1]])] } })
    for (const visit of [await browser.visit(), await browser.visit()]) {
      const { a } = visit.session.data as { a: { deep: [number, Map<string, number>], more?: boolean } }
      expect(a).toEqual({ deep: [1, new Map([['x', 1]])] })
      a.deep[0] = 2
      a.deep[1].clear()
      a.more = true
    }
    expect(await browser.get()).toEqual({ a: { deep: [1, new Map([['x', 1]])] } })
  })

  it.each(['signed out', 'expired', 'corrupt'])('drops the record of a session that is %s', async (how) => {
    const { browser, engine, driver, time, key } = await setUp()
    const cached = new WeakRef((await load(engine, browser.header))!.session.record)
    if (how === 'signed out') await driver.remove(key, time.now, 'signed_out')
    if (how === 'expired') time.advance(24 * 60 * MINUTE)
    if (how === 'corrupt') await driver.setItem!(key, '{}', {})
    expect(await load(engine, browser.header)).toBeNull()
    await settled()
    collectGarbage()
    expect(cached.deref()).toBeUndefined()
  })

  it('drops the record of a session that was not used between two calls of forgetIdle', async () => {
    const { browser, engine } = await setUp()
    const cached = new WeakRef((await load(engine, browser.header))!.session.record)
    engine.authenticator.forgetIdle()
    expect((await load(engine, browser.header))!.session.record).toBe(cached.deref())
    engine.authenticator.forgetIdle()
    engine.authenticator.forgetIdle()
    await settled()
    collectGarbage()
    expect(cached.deref()).toBeUndefined()
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('holds no record of more than 1,024 characters', async () => {
    const { browser, engine } = await setUp()
    await (await browser.visit()).session.update({ a: 'x'.repeat(1024) })
    const [first, second] = [await load(engine, browser.header), await load(engine, browser.header)]
    expect(second!.session.record).not.toBe(first!.session.record)
  })
})
