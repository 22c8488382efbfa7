import { describe, expect, it } from 'vitest'
import type { TestBrowser, TestEngine } from '../../support/engine'
import { DAY, HOUR, MINUTE, createTestEngine, testTime } from '../../support/engine'

interface Kind {
  readonly name: string
  readonly idle: number
  readonly absolute: number
  begin(browser: TestBrowser): Promise<unknown>
}

const KINDS: Kind[] = [
  {
    name: 'an anonymous session',
    idle: HOUR,
    absolute: 24 * HOUR,
    begin: async browser => (await browser.visit()).session.update({ a: 1 }),
  },
  {
    name: 'a signed-in session',
    idle: 30 * MINUTE,
    absolute: 12 * HOUR,
    begin: async browser => (await browser.visit()).session.signIn('ada'),
  },
  {
    name: 'a remembered session',
    idle: 7 * DAY,
    absolute: 30 * DAY,
    begin: async browser => (await browser.visit()).session.signIn('ada', { remember: true }),
  },
]

/** Uses the session often enough that its idle timeout does not end it, until just before `time`. */
async function keepActiveUntil(server: TestEngine, browser: TestBrowser, time: number, step: number) {
  while (server.time.now + step < time) {
    server.time.advance(step)
    const { session } = await browser.browse()
    expect(session.exists).toBe(true)
  }
}

describe.each(KINDS)('$name', ({ idle, absolute, begin }) => {
  it('exists until the last millisecond of its idle timeout', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await begin(browser)
    server.time.advance(idle - 1)
    expect((await browser.visit()).session.exists).toBe(true)
    server.time.advance(1)
    expect((await browser.visit()).session.exists).toBe(false)
  })

  it('exists until the last millisecond of its absolute timeout, however much it is used', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await begin(browser)
    const end = server.time.now + absolute
    await keepActiveUntil(server, browser, end, idle * 0.9)
    server.time.now = end - 1
    expect((await browser.browse()).session.exists).toBe(true)
    server.time.now = end
    expect((await browser.visit()).session.exists).toBe(false)
  })

  it('reports when both timeouts end it', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await begin(browser)
    const { session } = await browser.visit()
    const { now } = server.time
    expect(session).toMatchObject({
      createdAt: now, lastSeenAt: now, idleExpiresAt: now + idle, expiresAt: now + absolute,
    })
  })

  it('reports an idle expiry that is never after the absolute one', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await begin(browser)
    const end = server.time.now + absolute
    await keepActiveUntil(server, browser, end - idle / 4, idle * 0.6)
    await browser.browse()
    const { session } = await browser.visit()
    expect(session.idleExpiresAt).toBe(end)
  })

  it('is removed once it has expired, without a new cookie or a new record', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await begin(browser)
    server.time.advance(absolute)
    const { session, request } = await browser.browse()
    const empty = { exists: false, id: null, userId: null, data: {}, expiresAt: null, idleExpiresAt: null }
    expect(session).toMatchObject(empty)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(await server.rows()).toBe(0)
    expect(server.events.at(-1)).toMatchObject({ type: 'ended', reason: 'expired' })
  })
})

describe('signIn', () => {
  it('restarts both timeouts', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await (await browser.visit()).session.update({ a: 1 })
    server.time.advance(50 * MINUTE)
    const { session } = await browser.visit()
    await session.signIn('ada')
    const { now } = server.time
    const restarted = { idleExpiresAt: now + 30 * MINUTE, expiresAt: now + 12 * HOUR }
    expect(session).toMatchObject({ ...restarted, authenticatedAt: now })
    expect((await browser.visit()).session).toMatchObject(restarted)
  })

  it('is the only method that moves the absolute expiry', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await (await browser.visit()).session.signIn('ada')
    const first = server.time.now + 12 * HOUR
    server.time.advance(20 * MINUTE)
    const { session } = await browser.browse()
    await session.update({ a: 1 })
    await session.extend()
    await session.rotate()
    expect(session.expiresAt).toBe(first)
    await session.signIn('ada')
    expect(session.expiresAt).toBe(server.time.now + 12 * HOUR)
  })

  it('sends a cookie that ends with the browser, or with the absolute timeout if the user is remembered', async () => {
    const server = createTestEngine()
    const plain = await server.browser().visit()
    await plain.session.signIn('ada')
    expect(plain.request.sent).toEqual([{ value: expect.any(String) as string, maxAge: undefined }])
    const remembered = await server.browser().visit()
    await remembered.session.signIn('ada', { remember: true })
    expect(remembered.request.sent).toEqual([{ value: expect.any(String) as string, maxAge: 30 * DAY / 1000 }])
  })
})

describe('a clock that jumps', () => {
  it('ends sessions when it jumps ahead', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await (await browser.visit()).session.update({ a: 1 })
    server.time.advance(3650 * DAY)
    expect(await browser.get()).toBeNull()
  })

  it('does not move the absolute expiry when it jumps back', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await (await browser.visit()).session.signIn('ada')
    const { expiresAt } = (await browser.visit()).session
    server.time.advance(-DAY)
    await browser.browse()
    expect((await browser.visit()).session.expiresAt).toBe(expiresAt)
  })

  it('does not bring back a signed-out session when it jumps back', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await (await browser.visit()).session.update({ a: 1 })
    const thief = browser.copy()
    await (await browser.visit()).session.signOut()
    server.time.advance(-DAY)
    expect(await thief.get()).toBeNull()
  })

  it('does not bring back an expired session when it jumps back', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    await (await browser.visit()).session.update({ a: 1 })
    server.time.advance(HOUR)
    expect(await browser.get()).toBeNull()
    server.time.advance(-10 * MINUTE)
    expect(await browser.get()).toBeNull()
  })
})

describe('the idle timeout', () => {
  it.each([
    ['the change to summer time', '2026-03-29T00:59:59.000Z'],
    ['a leap second', '2016-12-31T23:59:59.000Z'],
    ['the end of 32-bit time', '2038-01-19T03:14:07.000Z'],
  ])('is as long as ever across %s', async (_name, instant) => {
    const server = createTestEngine({ time: testTime(Date.parse(instant)) })
    const browser = server.browser()
    await (await browser.visit()).session.signIn('ada')
    server.time.advance(30 * MINUTE - 1)
    expect((await browser.visit()).session.userId).toBe('ada')
    server.time.advance(1)
    expect((await browser.visit()).session.exists).toBe(false)
  })
})

describe('a request during which the session expires', () => {
  async function slowRequest() {
    const server = createTestEngine()
    const browser = server.browser()
    await (await browser.visit()).session.signIn('ada')
    const { session } = await browser.visit()
    server.time.advance(30 * MINUTE)
    return { browser, session }
  }

  it('cannot bring the session back with extend', async () => {
    const { browser, session } = await slowRequest()
    expect(await session.extend()).toBe(false)
    expect(await browser.get()).toBeNull()
  })

  it('cannot bring the session back with rotate', async () => {
    const { browser, session } = await slowRequest()
    await session.rotate()
    expect(await browser.get()).toBeNull()
  })

  it('gets false from update, because the change was dropped', async () => {
    const { session } = await slowRequest()
    expect(await session.update({ a: 1 })).toBe(false)
  })
})
