import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { DAY, HOUR, MINUTE, SECOND, makeBench, settled } from '../../support/engine'
import { sweep } from '../../../layers/session/server/engine/sweeper'
import { probe } from '../../support/probe-driver'

async function signedIn() {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver })
  const browser = bench.browser()
  await (await browser.visit()).session.signIn('ada', { data: { a: 1 } })
  return { ...bench, store, browser }
}

type Bench = Awaited<ReturnType<typeof signedIn>>

async function signOut({ browser }: Bench) {
  const thief = browser.copy()
  const visit = await browser.visit()
  await visit.session.signOut()
  return { thief, ...visit }
}

describe('signOut', () => {
  it('ends the session and clears the cookie', async () => {
    const bench = await signedIn()
    const { handle } = (await bench.browser.visit()).session
    const { session, request } = await signOut(bench)
    expect(session).toMatchObject({ exists: false, owner: null, data: {} })
    expect(request).toMatchObject({ sent: [], cleared: 1 })
    expect(await bench.rows()).toBe(0)
    expect(bench.events.at(-1)).toEqual({ type: 'ended', handle, reason: 'signed_out' })
  })

  it('makes the old cookie worthless at once and for good (A10)', async () => {
    const bench = await signedIn()
    const { thief } = await signOut(bench)
    for (const wait of [1, SECOND, HOUR, DAY]) {
      bench.time.advance(wait)
      const { session, request } = await thief.browse()
      expect(session.exists).toBe(false)
      expect(request).toMatchObject({ sent: [], cleared: 0 })
    }
    expect(await bench.rows()).toBe(0)
  })

  it('holds in every other process on the same store (A10)', async () => {
    const bench = await signedIn()
    const { thief } = await signOut(bench)
    const other = makeBench({ driver: bench.driver, time: bench.time }).browser()
    other.cookie = thief.cookie
    expect(await other.peek()).toBeNull()
  })

  it('of a stranger clears the cookie and asks the store nothing', async () => {
    const store = probe(memoryDriver())
    const { session, request } = await makeBench({ driver: store.driver }).browser().visit()
    await session.signOut()
    expect(request.cleared).toBe(1)
    expect(store.calls).toEqual([])
  })

  it('twice is harmless', async () => {
    const bench = await signedIn()
    const visits = await Promise.all([bench.browser.visit(), bench.browser.visit()])
    await Promise.all(visits.map(({ session }) => session.signOut()))
    expect(bench.typesOfEvents().filter(type => type === 'ended')).toHaveLength(1)
  })

  it('clears the cookie even if the store does not answer, and does not say that it is done (E7)', async () => {
    const bench = await signedIn()
    const thief = bench.browser.copy()
    const { session, request } = await bench.browser.visit()
    bench.store.fail('remove')
    await expect(session.signOut()).rejects.toMatchObject({ code: 'store_unavailable', statusCode: 503 })
    expect(request.cleared).toBe(1)
    expect(bench.typesOfEvents()).not.toContain('ended')
    await expect(thief.visit()).rejects.toMatchObject({ code: 'store_unavailable' })
    bench.store.heal()
    expect((await thief.visit()).session.exists).toBe(false)
    expect(bench.events.at(-1)).toMatchObject({ type: 'refused', reason: 'unknown' })
    expect(bench.typesOfEvents()).toContain('ended')
  })

  it('is made good by the next sweep where the store did not answer (E7)', async () => {
    const bench = await signedIn()
    const { session } = await bench.browser.visit()
    bench.store.fail('remove')
    await expect(session.signOut()).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(sweep(bench.engine)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await bench.rows()).toBe(1)
    bench.store.heal()
    await sweep(bench.engine)
    expect(await bench.rows()).toBe(0)
  })
})

describe('a request that is slower than the sign-out', () => {
  async function slowly(bench: Bench) {
    const slow = await bench.browser.copy().visit()
    await signOut(bench)
    bench.events.length = 0
    return slow
  }

  async function expectDead(bench: Bench) {
    expect(await bench.rows()).toBe(0)
    expect(await bench.driver.listByOwner('ada')).toEqual([])
  }

  it('cannot save, is told so, and sends no cookie (F4)', async () => {
    const bench = await signedIn()
    const { handle } = (await bench.browser.visit()).session
    const { session, request } = await slowly(bench)
    expect(session.data).toEqual({ a: 1 })
    expect(await session.update({ a: 2 })).toBe(false)
    expect(await session.update({ a: 3 })).toBe(false)
    expect(request).toMatchObject({ sent: [], cleared: 0 })
    expect(bench.events).toEqual([{ type: 'late_save_dropped', handle }])
    await expectDead(bench)
  })

  it('cannot save even if its write was under way (F4)', async () => {
    const bench = await signedIn()
    const slow = await bench.browser.copy().visit()
    const barrier = bench.store.hold('replace')
    const saving = slow.session.update({ a: 2 })
    await barrier.reached
    await signOut(bench)
    barrier.release()
    expect(await saving).toBe(false)
    expect(slow.request.sent).toEqual([])
    await expectDead(bench)
  })

  it('cannot touch it back to life (F5)', async () => {
    const bench = await signedIn()
    bench.time.advance(5 * MINUTE)
    const slow = await bench.browser.copy().visit()
    const barrier = bench.store.hold('touch')
    await slow.session.recordActivity()
    await barrier.reached
    await signOut(bench)
    barrier.release()
    await settled()
    await expectDead(bench)
  })

  it('cannot extend, rotate, pull or flash it back to life', async () => {
    for (const verb of ['extend', 'rotate', 'pull', 'flash'] as const) {
      const bench = await signedIn()
      const { session, request } = await slowly(bench)
      const outcome = verb === 'pull' ? await session.pull('a') : verb === 'flash' ? await session.flash('a', 1) : await session[verb]()
      expect([outcome, request.sent]).toEqual([verb === 'pull' ? undefined : false, []])
      await expectDead(bench)
    }
  })

  it('cannot bring it back by a periodic rotation, and is a stranger from then on', async () => {
    const bench = await signedIn()
    bench.time.advance(15 * MINUTE)
    const { session, request } = await slowly(bench)
    await session.recordActivity()
    expect(session.exists).toBe(false)
    expect(request.sent).toEqual([])
    await expectDead(bench)
  })

  it('may sign in: that is a new session', async () => {
    const bench = await signedIn()
    const { session, request } = await slowly(bench)
    const before = session.handle
    await session.signIn('ada')
    expect(session.handle).not.toBe(before)
    expect(request.sent).toHaveLength(1)
    expect(await bench.rows()).toBe(1)
  })
})
