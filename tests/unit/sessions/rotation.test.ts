import { describe, expect, it } from 'vitest'
import { readCookie } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/request-headers'
import { generateKey } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { rotateSecret } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/next-state'
import { recordActivity } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import { dueForRotation } from '../../support/due-for-rotation'
import { MINUTE, SECOND, cookieOf, createTestEngine, load, newRing, settled } from '../../support/engine'

describe('the periodic rotation', () => {
  it('happens after 15 minutes and not a millisecond earlier', async () => {
    const { browser, time } = await dueForRotation()
    time.advance(-1)
    expect((await browser.browse()).request.sent).toEqual([])
    time.advance(1)
    expect((await browser.browse()).request.sent).toHaveLength(1)
  })

  it('changes the secret, and neither the session id, the user id, the data nor the absolute expiry', async () => {
    const { browser, events, time } = await dueForRotation()
    const before = (await browser.visit()).session
    const cookie = browser.cookie
    await browser.browse()
    expect(browser.cookie).not.toBe(cookie)
    const after = (await browser.visit()).session
    expect(after).toMatchObject({
      id: before.id, userId: 'ada', data: { a: 1 }, expiresAt: before.expiresAt, lastSeenAt: time.now,
    })
    expect(events.filter(({ type }) => type === 'rotated')).toEqual([{ type: 'rotated', id: after.id }])
  })

  it('does not happen again for another 15 minutes', async () => {
    const { browser, time } = await dueForRotation()
    await browser.browse()
    await browser.visit()
    time.advance(15 * MINUTE - 1)
    expect((await browser.browse()).request.sent).toEqual([])
    time.advance(1)
    expect((await browser.browse()).request.sent).toHaveLength(1)
  })

  it('does not happen in a request that does not count as activity', async () => {
    const { browser } = await dueForRotation()
    expect((await browser.visit()).request.sent).toEqual([])
  })

  it('keeps the cookie of a remembered session until the absolute expiry', async () => {
    const { browser, time } = await dueForRotation()
    await (await browser.visit()).session.signIn('ada', { remember: true })
    time.advance(15 * MINUTE)
    const { request, session } = await browser.browse()
    expect(request.sent).toMatchObject([{ maxAge: (session.expiresAt! - time.now) / 1000 }])
  })

  it('does not make the request fail if the store does, and the old cookie stays valid', async () => {
    const { browser, store } = await dueForRotation()
    store.fail('replace')
    const { session, request } = await browser.browse()
    expect(session.userId).toBe('ada')
    expect(request.sent).toEqual([])
    store.recover()
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('keeps what a parallel request saves', async () => {
    const { browser, old, store } = await dueForRotation()
    const { session } = await old.visit()
    const barrier = store.hold('replace')
    const saving = session.update({ b: 2 })
    await barrier.reached
    await browser.browse()
    barrier.release()
    expect(await saving).toBe(true)
    expect(await browser.get()).toEqual({ a: 1, b: 2 })
    expect(await old.get()).toEqual({ a: 1, b: 2 })
  })

  it('does not happen in a slow request whose secret no longer leads to the current one', async () => {
    const { browser, old, time } = await dueForRotation()
    const slow = await old.visit()
    for (let rotations = 0; rotations < 2; rotations++) {
      await browser.browse()
      await browser.visit()
      time.advance(15 * MINUTE)
    }
    await recordActivity(slow.state)
    expect(slow.request.sent).toEqual([])
    expect((await browser.browse()).session.userId).toBe('ada')
    expect((await browser.visit()).session.userId).toBe('ada')
  })

  it('also works in a session whose record is almost full', async () => {
    const { browser, time } = await dueForRotation()
    const { session } = await browser.browse()
    await session.rotate()
    const free = 64 * 1024 - 600
    await session.update({ filler: 'x'.repeat(free) })
    for (let room = 600; room > 0; room -= 20) {
      await session.update({ more: 'x'.repeat(600 - room) }).catch(() => {})
    }
    time.advance(15 * MINUTE)
    expect((await browser.browse()).request.sent).toHaveLength(1)
  })
})

describe('the previous secret', () => {
  it('is accepted until the last millisecond of its grace period, and then reported as reused', async () => {
    const { browser, old, time, events } = await dueForRotation({ onSecretReuse: 'refuse' })
    await browser.browse()
    time.advance(5 * MINUTE)
    await browser.visit()
    time.advance(30 * SECOND - 1)
    expect((await old.copy().visit()).session.userId).toBe('ada')
    time.advance(1)
    const { session, request } = await old.visit()
    expect(session.exists).toBe(false)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(events.at(-1)).toEqual({ type: 'secret_reuse', id: (await browser.visit()).session.id })
  })

  it('is accepted from a request that arrived in time, however long its body took', async () => {
    const { browser, engine, old, time, events } = await dueForRotation()
    await browser.browse()
    await browser.visit()
    const present = (age: number) =>
      engine.authenticator.authenticate(readCookie(old.header, engine.config.cookieName), age)
    time.advance(5 * MINUTE)
    expect((await present(5 * MINUTE)).outcome).toBe('authenticated')
    expect((await present(4.5 * MINUTE + 1)).outcome).toBe('authenticated')
    expect((await present(20 * MINUTE)).outcome).toBe('authenticated') // It arrived before the rotation.
    expect((await present(4.5 * MINUTE)).outcome).toBe('secret_reuse')
    expect(events.at(-1)).toMatchObject({ type: 'ended', reason: 'secret_reuse' })
  })

  it('is no theft in a request that arrived before the last change, however many there were since', async () => {
    const { browser, engine, old, time } = await dueForRotation()
    await browser.browse()
    await browser.visit()
    time.advance(40 * SECOND)
    await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
    await (await browser.visit()).session.rotate()
    time.advance(5 * SECOND)
    const cookie = readCookie(old.header, engine.config.cookieName)
    expect((await engine.authenticator.authenticate(cookie, MINUTE)).outcome).toBe('superseded')
    expect(await browser.get()).toEqual({ a: 1 })
    expect((await engine.authenticator.authenticate(cookie, 0)).outcome).toBe('secret_reuse')
  })

  it('is not accepted again after the clock was set back, from a request of any age', async () => {
    const { browser, engine, old, time } = await dueForRotation({ onSecretReuse: 'refuse' })
    await browser.browse()
    await browser.visit()
    time.advance(-10 * MINUTE)
    const cookie = readCookie(old.header, engine.config.cookieName)
    for (const age of [0, MINUTE]) {
      expect((await engine.authenticator.authenticate(cookie, age)).outcome).toBe('secret_reuse')
    }
  })

  it('leads each of 20 parallel requests to the same new secret, which is created once', async () => {
    const { browser, old, events, engine } = await dueForRotation()
    const tabs = await Promise.all(Array.from({ length: 20 }, () => old.copy().visit()))
    await Promise.all(tabs.map(({ state }) => recordActivity(state)))
    expect(events.filter(({ type }) => type === 'rotated')).toHaveLength(1)
    expect(tabs.map(({ request }) => request.sent.length)).toEqual(Array.from({ length: 20 }, () => 1))
    const loaded = await Promise.all(tabs.map(({ request }) => load(engine, cookieOf(request.sent[0]!.value))))
    expect(new Set(loaded.map(authenticated => authenticated!.cookie.secret.toString('hex'))).size).toBe(1)
    browser.cookie = tabs[7]!.request.sent[0]!.value
    expect((await browser.visit()).session.userId).toBe('ada')
  })

  it('is replaced at the next request if a response with the new one was lost', async () => {
    const { old, time } = await dueForRotation()
    await old.copy().browse() // The response never arrives.
    time.advance(10 * SECOND)
    const { request, session } = await old.browse()
    expect(request.sent).toHaveLength(1)
    expect(session.userId).toBe('ada')
    time.advance(MINUTE)
    expect((await old.visit()).session.userId).toBe('ada')
  })

  it('is rejected after two rotations, even during its grace period', async () => {
    const { engine, browser, old, time, events } = await dueForRotation({ onSecretReuse: 'refuse' })
    await browser.browse()
    const middle = browser.copy()
    time.advance(SECOND)
    const authenticated = (await load(engine, browser.header))!
    const next = rotateSecret(authenticated, engine.clock())
    expect(await engine.replace(authenticated.session, next.record)).toBeTypeOf('object')
    expect((await old.visit()).session.exists).toBe(false)
    expect(events.at(-1)).toMatchObject({ type: 'secret_reuse' })
    expect((await middle.visit()).session.userId).toBe('ada')
  })

  it('is kept in the store only as a hash', async () => {
    const { browser, driver } = await dueForRotation()
    await browser.browse()
    const [key] = await driver.getKeys('', {})
    const { value } = (await driver.read(key!))!
    expect(JSON.parse(value)).toMatchObject({ previous: { hash: expect.stringMatching(/^[\w-]{43}$/) as string } })
    expect(value).not.toContain(browser.cookie)
  })

  it('is accepted for no more than twice its grace period if the clock is set back', async () => {
    const { browser, old, time } = await dueForRotation()
    await browser.browse()
    await browser.visit()
    time.advance(-10 * MINUTE)
    expect((await old.copy().visit()).session.exists).toBe(false)
    time.advance(10 * MINUTE + 30 * SECOND)
    expect((await old.visit()).session.exists).toBe(false)
  })

  it('allows a request to save that it authenticated before its grace period ended', async () => {
    const { browser, old, time } = await dueForRotation()
    const { session } = await old.visit()
    await browser.browse()
    await browser.visit()
    time.advance(31 * SECOND)
    expect(await session.update({ b: 2 })).toBe(true)
  })
})

describe('a change of the key', () => {
  it('signs no user out, whichever of two neighbouring servers responds', async () => {
    const [older, newer] = [generateKey(), generateKey()]
    const { driver, time } = createTestEngine()
    const rings = [[older], [older, newer], [newer, older], [newer]]
    const servers = rings.map(keys => createTestEngine({ driver, time, ring: newRing(...keys) }))
    const browsers = Array.from({ length: 20 }, () => servers[0]!.browser())
    for (const browser of browsers) await (await browser.visit()).session.signIn('ada')
    // The servers are replaced one after another, so at each time two neighbours in this list are in use.
    for (const pair of [[0, 1], [1, 2], [2, 2], [2, 3], [3, 3]]) {
      for (const server of pair) {
        time.advance(MINUTE)
        for (const browser of browsers) {
          const visitor = servers[server]!.browser()
          visitor.cookie = browser.cookie
          expect((await visitor.browse()).session.userId).toBe('ada')
          browser.cookie = visitor.cookie
        }
      }
    }
  })

  it('makes the next touch seal the same secret with the new key', async () => {
    const [older, newer] = [generateKey(), generateKey()]
    const before = createTestEngine({ ring: newRing(older) })
    const signIn = before.browser()
    await (await signIn.visit()).session.signIn('ada')
    const after = createTestEngine({ driver: before.driver, time: before.time, ring: newRing(newer, older) })
    const browser = after.browser()
    browser.cookie = signIn.cookie
    expect((await browser.browse()).request.sent).toEqual([])
    after.time.advance(MINUTE)
    expect((await browser.browse()).request.sent).toHaveLength(1)
    await settled()
    const last = createTestEngine({ driver: before.driver, time: before.time, ring: newRing(newer) }).browser()
    last.cookie = browser.cookie
    expect((await last.visit()).session.userId).toBe('ada')
    last.cookie = signIn.cookie
    expect((await last.visit()).session.userId).toBeNull()
  })
})
