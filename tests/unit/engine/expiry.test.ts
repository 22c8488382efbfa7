import { describe, expect, it } from 'vitest'
import type { Bench, TestBrowser } from '../../support/engine'
import { DAY, HOUR, MINUTE, makeBench, testTime } from '../../support/engine'

interface Kind {
  readonly name: string
  readonly idle: number
  readonly absolute: number
  begin(browser: TestBrowser): Promise<unknown>
}

const KINDS: Kind[] = [
  { name: 'an anonymous session', idle: HOUR, absolute: 24 * HOUR, begin: async browser => (await browser.visit()).session.update({ a: 1 }) },
  { name: 'a signed-in session', idle: 30 * MINUTE, absolute: 12 * HOUR, begin: async browser => (await browser.visit()).session.signIn('ada') },
  { name: 'a remembered session', idle: 7 * DAY, absolute: 30 * DAY, begin: async browser => (await browser.visit()).session.signIn('ada', { remember: true }) },
]

/** Uses the session often enough to keep the idle clock running, until just before `time`. */
async function keepAliveUntil(bench: Bench, browser: TestBrowser, time: number, step: number) {
  while (bench.time.now + step < time) {
    bench.time.advance(step)
    const { session } = await browser.browse()
    expect(session.exists).toBe(true)
  }
}

describe.each(KINDS)('$name', ({ idle, absolute, begin }) => {
  it('lives to the last millisecond of its idle clock, and not to the next', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await begin(browser)
    bench.time.advance(idle - 1)
    expect((await browser.visit()).session.exists).toBe(true)
    bench.time.advance(1)
    expect((await browser.visit()).session.exists).toBe(false)
  })

  it('lives to the last millisecond of its absolute clock, however much it is used', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await begin(browser)
    const end = bench.time.now + absolute
    await keepAliveUntil(bench, browser, end, idle * 0.9)
    bench.time.now = end - 1
    expect((await browser.browse()).session.exists).toBe(true)
    bench.time.now = end
    expect((await browser.visit()).session.exists).toBe(false)
  })

  it('says when both clocks end', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await begin(browser)
    const { session } = await browser.visit()
    expect(session).toMatchObject({ createdAt: bench.time.now, lastSeenAt: bench.time.now, idleExpiresAt: bench.time.now + idle, expiresAt: bench.time.now + absolute })
  })

  it('shows an idle end that is never after the absolute one', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await begin(browser)
    const end = bench.time.now + absolute
    await keepAliveUntil(bench, browser, end - idle / 4, idle * 0.6)
    await browser.browse()
    const { session } = await browser.visit()
    expect(session.idleExpiresAt).toBe(end)
  })

  it('ends for good, sends no cookie and makes no new row once it is over (A9)', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await begin(browser)
    bench.time.advance(absolute)
    const { session, request } = await browser.browse()
    expect(session).toMatchObject({ exists: false, handle: null, owner: null, data: {}, expiresAt: null, idleExpiresAt: null })
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(await bench.rows()).toBe(0)
    expect(bench.events.at(-1)).toMatchObject({ type: 'ended', reason: 'expired' })
  })
})

describe('signing in', () => {
  it('starts both clocks anew', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    bench.time.advance(50 * MINUTE)
    const { session } = await browser.visit()
    await session.signIn('ada')
    expect(session).toMatchObject({ idleExpiresAt: bench.time.now + 30 * MINUTE, expiresAt: bench.time.now + 12 * HOUR, authenticatedAt: bench.time.now })
    expect((await browser.visit()).session).toMatchObject({ idleExpiresAt: bench.time.now + 30 * MINUTE, expiresAt: bench.time.now + 12 * HOUR })
  })

  it('again is the only thing that moves the absolute clock', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await (await browser.visit()).session.signIn('ada')
    const first = bench.time.now + 12 * HOUR
    bench.time.advance(20 * MINUTE)
    const { session } = await browser.browse()
    await session.update({ a: 1 })
    await session.extend()
    await session.rotate()
    expect(session.expiresAt).toBe(first)
    await session.signIn('ada')
    expect(session.expiresAt).toBe(bench.time.now + 12 * HOUR)
  })

  it('sends a cookie that ends with the browser, or with the absolute clock if remembered', async () => {
    const bench = makeBench()
    const plain = await bench.browser().visit()
    await plain.session.signIn('ada')
    expect(plain.request.sent).toEqual([{ value: expect.any(String) as string, maxAge: undefined }])
    const remembered = await bench.browser().visit()
    await remembered.session.signIn('ada', { remember: true })
    expect(remembered.request.sent).toEqual([{ value: expect.any(String) as string, maxAge: 30 * DAY / 1000 }])
  })
})

describe('a clock that jumps', () => {
  it('ahead ends sessions, and never gives one visitor another\'s data (K6)', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    bench.time.advance(3650 * DAY)
    expect(await browser.peek()).toBeNull()
  })

  it('back never moves the absolute end (K6)', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await (await browser.visit()).session.signIn('ada')
    const { expiresAt } = (await browser.visit()).session
    bench.time.advance(-DAY)
    await browser.browse()
    expect((await browser.visit()).session.expiresAt).toBe(expiresAt)
  })

  it('back never brings a removed session back (K6)', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const thief = browser.copy()
    await (await browser.visit()).session.signOut()
    bench.time.advance(-DAY)
    expect(await thief.peek()).toBeNull()
  })

  it('back never brings an ended session back (K6)', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    await (await browser.visit()).session.update({ a: 1 })
    bench.time.advance(HOUR)
    expect(await browser.peek()).toBeNull()
    bench.time.advance(-10 * MINUTE)
    expect(await browser.peek()).toBeNull()
  })
})

describe('the calendar', () => {
  it.each([
    ['the change to summer time', '2026-03-29T00:59:59.000Z'],
    ['a leap second', '2016-12-31T23:59:59.000Z'],
    ['the end of 32-bit time', '2038-01-19T03:14:07.000Z'],
  ])('makes no difference: %s (K7)', async (_name, instant) => {
    const bench = makeBench({ time: testTime(Date.parse(instant)) })
    const browser = bench.browser()
    await (await browser.visit()).session.signIn('ada')
    bench.time.advance(30 * MINUTE - 1)
    expect((await browser.visit()).session.owner).toBe('ada')
    bench.time.advance(1)
    expect((await browser.visit()).session.exists).toBe(false)
  })
})

describe('a request that is slower than the session lives', () => {
  async function slowRequest() {
    const bench = makeBench()
    const browser = bench.browser()
    await (await browser.visit()).session.signIn('ada')
    const { session } = await browser.visit()
    bench.time.advance(30 * MINUTE)
    return { bench, browser, session }
  }

  it('cannot touch it back to life', async () => {
    const { browser, session } = await slowRequest()
    expect(await session.extend()).toBe(false)
    expect(await browser.peek()).toBeNull()
  })

  it('cannot rotate it back to life', async () => {
    const { browser, session } = await slowRequest()
    await session.rotate()
    expect(await browser.peek()).toBeNull()
  })

  it('is told that its change was dropped', async () => {
    const { session } = await slowRequest()
    expect(await session.update({ a: 1 })).toBe(false)
  })
})
