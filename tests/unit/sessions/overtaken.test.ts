import { describe, expect, it } from 'vitest'
import { readCookie } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'
import { withdrawOutdatedCookie } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session-state'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { MINUTE, createTestEngine, newRing } from '../../support/engine'
import type { TestBrowser, TestEngine } from '../../support/engine'
import { probe } from '../../support/probe-driver'

/** A browser with an anonymous session. */
async function anonymous() {
  const store = probe(memoryDriver())
  const ring = newRing()
  const server = createTestEngine({ driver: store.driver, ring })
  const browser = server.browser()
  await (await browser.visit()).session.update({ cart: 1 })
  return { ...server, store, ring, browser, newBrowser: server.browser }
}

const CONFLICT = { code: 'conflict', statusCode: 409 }

const signIn = async (browser: TestBrowser, userId = 'ada') => (await browser.visit()).session.signIn(userId)

const userOf = async (browser: TestBrowser) => (await browser.visit()).session.userId

describe('a sign-out that a sign-in has overtaken', () => {
  it('does not end the account’s session, and leaves the browser its new cookie', async () => {
    const { browser, typesOfEvents } = await anonymous()
    const late = await browser.visit()
    await signIn(browser)
    await expect(late.session.signOut()).rejects.toMatchObject(CONFLICT)
    expect(late.request).toMatchObject({ sent: [], cleared: 0 })
    expect(await userOf(browser)).toBe('ada')
    expect(typesOfEvents()).not.toContain('ended')
  })

  it('does not end the session of the next user', async () => {
    const { browser } = await anonymous()
    await signIn(browser, 'ada')
    const late = await browser.visit()
    await signIn(browser, 'bob')
    await expect(late.session.signOut()).rejects.toMatchObject(CONFLICT)
    expect(await userOf(browser)).toBe('bob')
  })

  it('ends the session of a user who has only authenticated again', async () => {
    const { browser } = await anonymous()
    await signIn(browser)
    const late = await browser.visit()
    await signIn(browser)
    await late.session.signOut()
    expect(browser.cookie).toBeUndefined()
  })

  it('does not clear the new cookie if it arrives only after the sign-in', async () => {
    const { browser } = await anonymous()
    const old = browser.copy()
    await signIn(browser)
    const { session, request } = await old.visit()
    await expect(session.signOut()).rejects.toMatchObject(CONFLICT)
    expect(request.cleared).toBe(0)
    expect(await userOf(browser)).toBe('ada')
  })

  it('ends the session of the same user, if it arrives only after that one has authenticated again', async () => {
    const { browser, typesOfEvents } = await anonymous()
    await signIn(browser)
    const old = browser.copy()
    await signIn(browser)
    await (await old.visit()).session.signOut()
    expect(await userOf(browser)).toBeNull()
    expect(typesOfEvents()).toContain('ended')
  })

  it('succeeds if the session has ended in the meantime, also twice in one request', async () => {
    const { browser } = await anonymous()
    const late = await browser.visit()
    await (await browser.copy().visit()).session.signOut()
    expect(await late.session.update({ a: 1 })).toBe(false)
    await Promise.all([late.session.signOut(), late.session.signOut()])
    expect(late.request.cleared).toBeGreaterThan(0)
  })

  it('does not end the account’s session when the store responds again', async () => {
    const { browser, store, engine, ring, time } = await anonymous()
    const { cookie } = browser
    const late = await browser.visit()
    store.fail('remove')
    await expect(late.session.signOut()).rejects.toMatchObject({ code: 'store_unavailable' })
    const other = createTestEngine({ driver: store.driver, ring, time })
    const there = other.browser()
    there.cookie = cookie
    store.recover()
    await signIn(there)
    await engine.removals.retry()
    expect(await userOf(there)).toBe('ada')
  })
})

describe('why a session ended', () => {
  const reasonFor = (engine: TestEngine['engine'], browser: TestBrowser) =>
    engine.endReasonOfCookie(readCookie(browser.header, engine.config.cookieName))

  it('is said to a browser that could have used it', async () => {
    const { browser, engine } = await anonymous()
    await signIn(browser)
    const other = browser.copy()
    await (await browser.visit()).session.signOut()
    expect(await reasonFor(engine, other)).toBe('signed_out')
  })

  it('is not said to one with the cookie from before the sign-in', async () => {
    const { browser, engine } = await anonymous()
    const before = browser.copy()
    await signIn(browser)
    await (await browser.visit()).session.revokeAll()
    expect(await reasonFor(engine, before)).toBeNull()
  })

  it('is not said to one with a copy from before the grace period', async () => {
    const { browser, engine, time } = await anonymous()
    await signIn(browser)
    const copy = browser.copy()
    time.advance(16 * MINUTE)
    await browser.browse()
    await browser.browse()
    time.advance(MINUTE)
    await (await browser.visit()).session.signOut()
    expect(await reasonFor(engine, copy)).toBeNull()
  })

  it('is said to one whose new cookie was lost', async () => {
    const { browser, engine, time } = await anonymous()
    await signIn(browser)
    const lost = browser.copy()
    time.advance(16 * MINUTE)
    await browser.browse()
    await engine.store.removeByUser('ada', time.now)
    expect(await reasonFor(engine, lost)).toBe('revoked')
  })
})

describe('a response that another one has overtaken', () => {
  /** A request that has just got a new cookie, and whose response is slow. */
  async function slowRotation(browser: TestBrowser, { time }: Pick<TestEngine, 'time'>) {
    time.advance(16 * MINUTE)
    return browser.copy().browse()
  }

  it('sets no cookie if a sign-in has made its secret invalid', async () => {
    const server = await anonymous()
    const slow = await slowRotation(server.browser, server)
    expect(slow.request.sent).toHaveLength(1)
    await signIn(server.browser)
    await withdrawOutdatedCookie(slow.state)
    expect(slow.request.withdrawn).toBe(1)
  })

  it('sets no cookie if its session has ended', async () => {
    const server = await anonymous()
    const slow = await slowRotation(server.browser, server)
    await (await server.browser.visit()).session.signOut()
    await withdrawOutdatedCookie(slow.state)
    expect(slow.request.withdrawn).toBe(1)
  })

  it('sets no cookie if it has noticed itself that it was overtaken', async () => {
    for (const notice of ['update', 'signOut'] as const) {
      const server = await anonymous()
      const slow = await slowRotation(server.browser, server)
      await signIn(server.browser)
      await slow.session[notice]({ cart: 2 }).catch(() => {})
      await withdrawOutdatedCookie(slow.state)
      expect(slow.request.withdrawn).toBe(1)
    }
  })

  it('knows at the last moment what this process has written, without asking the store', async () => {
    const server = await anonymous()
    const slow = await slowRotation(server.browser, server)
    expect(slow.request.isOutdated()).toBe(false)
    await signIn(server.browser)
    expect(slow.request.isOutdated()).toBe(true)
    const other = await anonymous()
    const late = await slowRotation(other.browser, other)
    await (await other.browser.visit()).session.signOut()
    expect(late.request.isOutdated()).toBe(true)
  })

  it('sets its cookie if nothing has happened, or if the store does not respond', async () => {
    const server = await anonymous()
    const slow = await slowRotation(server.browser, server)
    await withdrawOutdatedCookie(slow.state)
    server.store.fail('read')
    await withdrawOutdatedCookie(slow.state)
    expect(slow.request.withdrawn).toBe(0)
  })

  it('needs no further read if it sets no cookie, or that of a new session', async () => {
    const { browser, store, newBrowser } = await anonymous()
    const visits = [await browser.visit(), await newBrowser().visit()]
    await visits[1]!.session.update({ a: 1 })
    const reads = store.count('read')
    for (const { state } of visits) await withdrawOutdatedCookie(state)
    expect(store.count('read')).toBe(reads)
  })
})
