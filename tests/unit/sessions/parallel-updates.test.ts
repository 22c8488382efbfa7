import { describe, expect, it } from 'vitest'
import { recordActivity } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/session'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { createTestEngine, load, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function withSession(data: Record<string, unknown> = { a: 1 }) {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver })
  const browser = server.browser()
  await (await browser.visit()).session.update(data)
  return { ...server, store, browser }
}

interface Counter { n: number }

function increment(draft: Counter) {
  draft.n++
}

describe('a request that only reads', () => {
  it('never overwrites what another request saves at the same time', async () => {
    const { browser, store } = await withSession()
    const reader = await browser.visit()
    await (await browser.visit()).session.update({ a: 2 })
    store.calls.length = 0
    expect(reader.session.data).toEqual({ a: 1 })
    await recordActivity(reader.state)
    expect(store.calls).toEqual([])
    expect(await browser.get()).toEqual({ a: 2 })
  })
})

describe('parallel updates', () => {
  it('are both saved if they change different values', async () => {
    const { browser } = await withSession()
    const visits = await Promise.all([browser.visit(), browser.visit()])
    await Promise.all(visits.map(({ session }, index) => session.update({ [`key${index}`]: index })))
    expect(await browser.get()).toEqual({ a: 1, key0: 0, key1: 1 })
  })

  it('are all counted if each increments the same counter', async () => {
    const { browser } = await withSession({ n: 0 })
    const visits = await Promise.all(Array.from({ length: 200 }, () => browser.visit<Counter>()))
    const saved = await Promise.all(visits.map(({ session }) => session.update(increment)))
    expect(saved.every(Boolean)).toBe(true)
    expect(await browser.get()).toEqual({ n: 200 })
  })

  it('are all counted if they come from two processes', async () => {
    const server = await withSession({ n: 0 })
    const other = createTestEngine({ driver: server.driver, time: server.time })
    const { session } = (await load(server.engine, server.browser.header))!
    expect(session.version).toBe(1)
    const barrier = server.store.hold('replace')
    const slow = (await server.browser.visit<Counter>()).session.update(increment)
    await barrier.reached
    expect(await other.engine.replace(session, { ...session.record, data: [{ n: 1 }, 41] })).toBeTypeOf('object')
    barrier.release()
    expect(await slow).toBe(true)
    expect(await server.browser.get()).toEqual({ n: 42 })
  })

  it('fail with 409 after six attempts if another process is faster each time, and change nothing', async () => {
    const server = await withSession({ n: 0 })
    const rival = createTestEngine({ driver: server.driver, time: server.time })
    const { session } = await server.browser.visit<Counter>()
    let attempts = 0
    const losing = session.update(async (draft) => {
      attempts++
      draft.n = -1
      const { session } = (await load(server.engine, server.browser.header))!
      await rival.engine.replace(session, { ...session.record, data: [{ n: 1 }, attempts] })
    })
    await expect(losing).rejects.toMatchObject({ code: 'conflict', statusCode: 409 })
    expect(attempts).toBe(6)
    expect(await server.browser.get()).toEqual({ n: 6 })
  })

  it('share the session that the first of them creates if they belong to one request', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    const { session, request } = await browser.visit()
    const updates = Array.from({ length: 20 }, (_, index) => session.update({ [`key${index}`]: index }))
    await Promise.all(updates)
    expect(await server.rows()).toBe(1)
    expect(request.sent).toHaveLength(1)
    expect(Object.keys((await browser.get())!)).toHaveLength(20)
  })

  it('create one record per visitor if 64 visitors come at once', async () => {
    const server = createTestEngine()
    const visits = await Promise.all(Array.from({ length: 64 }, () => server.browser().visit()))
    await Promise.all(visits.map(({ session }) => session.update({ a: 1 })))
    expect(await server.rows()).toBe(64)
  })

  it('throw when they are nested, and do not wait for each other forever', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    let innerError: unknown
    const outer = session.update(async (draft) => {
      draft.c = 3
      await session.update({ b: 2 }).catch((error: unknown) => {
        innerError = error
      })
    })
    expect(await Promise.race([outer, settled(50).then(() => 'stuck')])).toBe(true)
    expect((innerError as Error).message).toContain('inside the function of another update() of the same session')
    expect(await browser.get()).toEqual({ a: 1, c: 3 })
  })
})
