import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { createTestEngine, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function withSession(data: Record<string, unknown> = { a: 1 }) {
  const store = probe(memoryDriver())
  const server = createTestEngine({ driver: store.driver })
  const browser = server.browser()
  await (await browser.visit()).session.update(data)
  return { ...server, store, browser }
}

describe('reading the session', () => {
  it('creates no record and sends no cookie, for any number of visitors', async () => {
    const store = probe(memoryDriver())
    const server = createTestEngine({ driver: store.driver })
    const empty = { exists: false, id: null, userId: null, data: {}, createdAt: null, persistent: false }
    for (let visitor = 0; visitor < 64; visitor++) {
      const { session, request } = await server.browser().browse()
      expect(session).toMatchObject(empty)
      expect(await session.pull('notice')).toBeUndefined()
      expect(request).toMatchObject({ sent: [], cleared: 0 })
    }
    expect(store.calls).toEqual([])
    expect(await server.rows()).toBe(0)
  })

  it('returns a copy of the data, whose changes are not saved', async () => {
    const { browser } = await withSession({ list: [1] })
    const { session } = await browser.visit<{ list: number[] }>()
    session.data.list!.push(2)
    expect(await browser.get()).toEqual({ list: [1] })
    await session.update({})
    expect(await browser.get()).toEqual({ list: [1] })
    expect(session.data).toEqual({ list: [1] })
  })
})

describe('update', () => {
  it('creates a session for a visitor without one, with one record and one cookie', async () => {
    const server = createTestEngine()
    const browser = server.browser()
    const { session, request } = await browser.visit()
    expect(await session.update({ a: 1 })).toBe(true)
    expect(session.id).toMatch(/^[\w-]{16}$/)
    expect(request.sent).toEqual([{ value: browser.cookie, maxAge: undefined }])
    expect(await server.rows()).toBe(1)
    expect(server.events).toEqual([{ type: 'created', id: session.id }])
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('sends no cookie to a browser that has one', async () => {
    const { browser } = await withSession()
    const { session, request } = await browser.visit()
    await session.update({ b: 2 })
    expect(request.sent).toEqual([])
  })

  it('patches top-level values: it adds and replaces them, and deletes those that are undefined', async () => {
    const { browser } = await withSession({ keep: 1, change: 2, drop: 3, deep: { x: 1, y: 2 } })
    await (await browser.visit()).session.update({ change: 5, drop: undefined, deep: { x: 9 }, none: null })
    expect(await browser.get()).toEqual({ keep: 1, change: 5, deep: { x: 9 }, none: null })
  })

  it('accepts a function that changes a draft and may be asynchronous', async () => {
    const { browser } = await withSession({ list: [1] })
    const { session } = await browser.visit<{ list: number[] }>()
    await session.update(async (draft) => {
      await settled(1)
      draft.list.push(2)
    })
    expect(session.data).toEqual({ list: [1, 2] })
    expect(await browser.get()).toEqual({ list: [1, 2] })
  })

  it('saves nothing if its function throws, and does not block the next update', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await expect(session.update((draft) => {
      draft.b = 1
      throw new Error('changed my mind')
    })).rejects.toThrow('changed my mind')
    expect(await browser.get()).toEqual({ a: 1 })
    expect(await session.update({ b: 2 })).toBe(true)
    expect(await browser.get()).toEqual({ a: 1, b: 2 })
  })

  it('creates no session if the function of the first update throws', async () => {
    const server = createTestEngine()
    const { session, request } = await server.browser().visit()
    await expect(session.update(async () => {
      throw new Error('no')
    })).rejects.toThrow('no')
    expect(request.sent).toEqual([])
    expect(await server.rows()).toBe(0)
    expect(await session.update({ a: 1 })).toBe(true)
  })

  it('refuses data over 64 KiB with 413 and keeps the data from before', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    const tooLarge = session.update({ big: 'x'.repeat(64 * 1024) })
    await expect(tooLarge).rejects.toMatchObject({ code: 'too_large', statusCode: 413 })
    expect(await browser.get()).toEqual({ a: 1 })
    expect(await session.update({ big: 'x'.repeat(60 * 1024) })).toBe(true)
  })

  it('creates no session for data over 64 KiB', async () => {
    const server = createTestEngine()
    const { session, request } = await server.browser().visit()
    const tooLarge = session.update({ big: 'x'.repeat(64 * 1024) })
    await expect(tooLarge).rejects.toMatchObject({ code: 'too_large' })
    expect(request.sent).toEqual([])
    expect(await server.rows()).toBe(0)
  })

  it('counts the size of the data in bytes, not in characters', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await expect(session.update({ big: '語'.repeat(60 * 1024) })).rejects.toMatchObject({ code: 'too_large' })
  })

  it('does not let data set a prototype', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await session.update(JSON.parse('{"__proto__": {"admin": true}, "b": 2}') as object)
    expect(await browser.get()).toEqual({ a: 1, b: 2 })
    const nested = JSON.parse('{"__proto__": {"admin": true}}') as unknown
    await expect(session.update({ nested })).rejects.toThrow()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    expect(await browser.get()).toEqual({ a: 1, b: 2 })
  })
})

describe('a request of a page of another origin', () => {
  it('cannot write: each method that writes fails with 403 and is reported', async () => {
    const { browser, store, events } = await withSession()
    const { session, request } = await browser.visit()
    request.isForeign = true
    const writes = [
      () => session.update({}), () => session.flash('a', 1), () => session.pull('a'), () => session.signIn('eve'),
      () => session.rotate(), () => session.signOut(), () => session.extend(),
      () => session.revoke('x'), () => session.revokeOthers(), () => session.revokeAll(),
    ]
    store.calls.length = 0
    events.length = 0
    for (const write of writes) {
      await expect(write()).rejects.toMatchObject({ code: 'cross_origin_refused', statusCode: 403 })
    }
    expect(store.calls).toEqual([])
    expect(events).toEqual(writes.map(() => ({ type: 'refused', reason: 'cross_origin' })))
    expect(request).toMatchObject({ sent: [], cleared: 0 })
  })
})

describe('pull', () => {
  it('returns the value to exactly one of 64 parallel requests', async () => {
    const { browser } = await withSession({ ticket: 'once', a: 1 })
    const visits = await Promise.all(Array.from({ length: 64 }, () => browser.visit()))
    const taken = await Promise.all(visits.map(({ session }) => session.pull('ticket')))
    expect(taken.filter(value => value !== undefined)).toEqual(['once'])
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('does not remove the value in a speculative request, for example a prefetch', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await session.flash('notice', 'Saved.')
    const prefetch = await browser.visit()
    prefetch.request.isSpeculative = true
    expect(await prefetch.session.pull('notice')).toBe('Saved.')
    expect(await (await browser.visit()).session.pull('notice')).toBe('Saved.')
    expect(await (await browser.visit()).session.pull('notice')).toBeUndefined()
  })

  it('writes nothing if there is no such value', async () => {
    const { browser, store } = await withSession()
    const { session } = await browser.visit()
    store.calls.length = 0
    expect(await session.pull('none')).toBeUndefined()
    expect(store.calls).toEqual([])
  })

  it('returns own properties only', async () => {
    const { browser } = await withSession()
    expect(await (await browser.visit()).session.pull('toString')).toBeUndefined()
  })
})
