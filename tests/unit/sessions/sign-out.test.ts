import { describe, expect, it } from 'vitest'
import { recordActivity } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import { sweep } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/sweep'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { DAY, HOUR, MINUTE, SECOND, createTestEngine, newRing, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function signedIn() {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver })
  const browser = server.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  return { ...server, store, browser }
}

type SignedIn = Awaited<ReturnType<typeof signedIn>>

/** Signs out, and keeps a copy of the cookie from before. */
async function signOut({ browser }: SignedIn) {
  const thief = browser.copy()
  const visit = await browser.visit()
  await visit.session.signOut()
  return { thief, ...visit }
}

describe('signOut', () => {
  it('ends the session and clears the cookie', async () => {
    const server = await signedIn()
    const { id } = (await server.browser.visit()).session
    const { session, request } = await signOut(server)
    expect(session).toMatchObject({ exists: false, userId: null, data: {} })
    expect(request).toMatchObject({ sent: [], cleared: 1 })
    expect(await server.rows()).toBe(0)
    expect(server.events.slice(-2)).toEqual([
      { type: 'ended', id, reason: 'signed_out' }, { type: 'sessions_changed', userId: 'ada' },
    ])
  })

  it('makes the old cookie invalid immediately and for good', async () => {
    const server = await signedIn()
    const { thief } = await signOut(server)
    for (const wait of [1, SECOND, HOUR, DAY]) {
      server.time.advance(wait)
      const { session, request } = await thief.browse()
      expect(session.exists).toBe(false)
      expect(request).toMatchObject({ sent: [], cleared: 0 })
    }
    expect(await server.rows()).toBe(0)
  })

  it('takes effect in every other process with the same store', async () => {
    const ring = newRing()
    const server = createTestEngine({ ring })
    const other = createTestEngine({ ring, driver: server.driver, time: server.time })
    const browser = server.browser()
    await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
    const thief = other.browser()
    thief.cookie = browser.cookie
    expect(await thief.get()).toEqual({ a: 1 })
    await (await browser.visit()).session.signOut()
    expect(await thief.get()).toBeNull()
  })

  it('clears the cookie without a call to the store if there is no session', async () => {
    const store = probe(memoryDriver())
    const { session, request } = await createTestEngine({ driver: store.driver }).browser().visit()
    await session.signOut()
    expect(request.cleared).toBe(1)
    expect(store.calls).toEqual([])
  })

  it('may be called in two parallel requests, and emits one event', async () => {
    const server = await signedIn()
    const visits = await Promise.all([server.browser.visit(), server.browser.visit()])
    await Promise.all(visits.map(({ session }) => session.signOut()))
    expect(server.typesOfEvents().filter(type => type === 'ended')).toHaveLength(1)
  })

  it('clears the cookie even if the store does not respond, and fails, because the session has not ended', async () => {
    const server = await signedIn()
    const thief = server.browser.copy()
    const { session, request } = await server.browser.visit()
    server.store.fail('remove')
    await expect(session.signOut()).rejects.toMatchObject({ code: 'store_unavailable', statusCode: 503 })
    expect(request.cleared).toBe(1)
    expect(server.typesOfEvents()).not.toContain('ended')
    await expect(thief.visit()).rejects.toMatchObject({ code: 'store_unavailable' })
    server.store.recover()
    expect((await thief.visit()).session.exists).toBe(false)
    expect(server.events.at(-1)).toMatchObject({ type: 'refused', reason: 'unknown' })
    expect(server.typesOfEvents()).toContain('ended')
  })

  it('is completed by the next sweep if the store did not respond', async () => {
    const server = await signedIn()
    const { session } = await server.browser.visit()
    server.store.fail('remove')
    await expect(session.signOut()).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(sweep(server.engine)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await server.rows()).toBe(1)
    server.store.recover()
    await sweep(server.engine)
    expect(await server.rows()).toBe(0)
  })
})

describe('a request during which the user signs out', () => {
  async function slowRequest(server: SignedIn) {
    const slow = await server.browser.copy().visit()
    await signOut(server)
    server.events.length = 0
    return slow
  }

  async function expectRemoved(server: SignedIn) {
    expect(await server.rows()).toBe(0)
    expect(await server.driver.listByUser('ada')).toEqual([])
  }

  it('cannot save: update returns false and sends no cookie', async () => {
    const server = await signedIn()
    const { id } = (await server.browser.visit()).session
    const { session, request } = await slowRequest(server)
    expect(session.data).toEqual({ a: 1 })
    expect(await session.update({ a: 2 })).toBe(false)
    expect(await session.update({ a: 3 })).toBe(false)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(server.events).toEqual([{ type: 'late_save_dropped', id }])
    await expectRemoved(server)
  })

  it('cannot save even if its write was under way', async () => {
    const server = await signedIn()
    const slow = await server.browser.copy().visit()
    const barrier = server.store.hold('replace')
    const saving = slow.session.update({ a: 2 })
    await barrier.reached
    await signOut(server)
    barrier.release()
    expect(await saving).toBe(false)
    expect(slow.request.sent).toEqual([])
    await expectRemoved(server)
  })

  it('cannot bring the session back with a touch', async () => {
    const server = await signedIn()
    server.time.advance(5 * MINUTE)
    const slow = await server.browser.copy().visit()
    const barrier = server.store.hold('touch')
    await recordActivity(slow.state)
    await barrier.reached
    await signOut(server)
    barrier.release()
    await settled()
    await expectRemoved(server)
  })

  it.each<['extend' | 'rotate' | 'pull' | 'flash', false | undefined]>([
    ['extend', false], ['rotate', false], ['pull', undefined], ['flash', false],
  ])('cannot bring the session back with %s, which returns %s', async (method, expected) => {
    const server = await signedIn()
    const { session, request } = await slowRequest(server)
    const call = {
      extend: () => session.extend(),
      rotate: () => session.rotate(),
      pull: () => session.pull('a'),
      flash: () => session.flash('a', 1),
    }
    expect(await call[method]()).toBe(expected)
    expect(request.sent).toEqual([])
    await expectRemoved(server)
  })

  it('cannot bring the session back with a periodic rotation, and has no session from then on', async () => {
    const server = await signedIn()
    server.time.advance(15 * MINUTE)
    const { session, state, request } = await slowRequest(server)
    await recordActivity(state)
    expect(session.exists).toBe(false)
    expect(request.sent).toEqual([])
    await expectRemoved(server)
  })

  it('can sign in, which creates a new session', async () => {
    const server = await signedIn()
    const { session, request } = await slowRequest(server)
    const before = session.id
    await session.signIn('ada')
    expect(session.id).not.toBe(before)
    expect(request.sent).toHaveLength(1)
    expect(await server.rows()).toBe(1)
  })
})
