import { describe, expect, it } from 'vitest'
import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { makeBench, settled } from '../../support/engine'
import { probe } from '../../support/probe-driver'

async function withSession(data: Record<string, unknown> = { a: 1 }) {
  const store = probe(memoryDriver())
  const bench = makeBench({ driver: store.driver })
  const browser = bench.browser()
  await (await browser.visit()).session.update(data)
  return { ...bench, store, browser }
}

describe('reading', () => {
  it('creates nothing: no row, no cookie, no write, for any number of strangers (K9)', async () => {
    const store = probe(memoryDriver())
    const bench = makeBench({ driver: store.driver })
    for (let visitor = 0; visitor < 64; visitor++) {
      const { session, request } = await bench.browser().browse()
      expect(session).toMatchObject({ exists: false, handle: null, owner: null, data: {}, createdAt: null, persistent: false })
      expect(await session.pull('notice')).toBeUndefined()
      expect(request).toMatchObject({ sent: [], cleared: 0 })
    }
    expect(store.calls).toEqual([])
    expect(await bench.rows()).toBe(0)
  })

  it('gives a copy: what is done to it is not saved', async () => {
    const { browser } = await withSession({ list: [1] })
    const { session } = await browser.visit<{ list: number[] }>()
    session.data.list!.push(2)
    expect(await browser.peek()).toEqual({ list: [1] })
    await session.update({})
    expect(await browser.peek()).toEqual({ list: [1] })
    expect(session.data).toEqual({ list: [1] })
  })
})

describe('update', () => {
  it('creates the session of a stranger, with one row and one cookie', async () => {
    const bench = makeBench()
    const browser = bench.browser()
    const { session, request } = await browser.visit()
    expect(await session.update({ a: 1 })).toBe(true)
    expect(session.handle).toMatch(/^[\w-]{16}$/)
    expect(request.sent).toEqual([{ value: browser.cookie, maxAge: undefined }])
    expect(await bench.rows()).toBe(1)
    expect(bench.events).toEqual([{ type: 'created', handle: session.handle }])
    expect(await browser.peek()).toEqual({ a: 1 })
  })

  it('sends no second cookie to who has one', async () => {
    const { browser } = await withSession()
    const { session, request } = await browser.visit()
    await session.update({ b: 2 })
    expect(request.sent).toEqual([])
  })

  it('patches top-level values: sets, replaces, and deletes with undefined', async () => {
    const { browser } = await withSession({ keep: 1, change: 2, drop: 3, deep: { x: 1, y: 2 } })
    await (await browser.visit()).session.update({ change: 5, drop: undefined, deep: { x: 9 }, none: null })
    expect(await browser.peek()).toEqual({ keep: 1, change: 5, deep: { x: 9 }, none: null })
  })

  it('takes a function that changes a draft, and may be asynchronous', async () => {
    const { browser } = await withSession({ list: [1] })
    const { session } = await browser.visit<{ list: number[] }>()
    await session.update(async (draft) => {
      await settled(1)
      draft.list.push(2)
    })
    expect(session.data).toEqual({ list: [1, 2] })
    expect(await browser.peek()).toEqual({ list: [1, 2] })
  })

  it('saves nothing when its function fails, and lets the next update through', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await expect(session.update(() => {
      throw new Error('changed my mind')
    })).rejects.toThrow('changed my mind')
    expect(await session.update({ b: 2 })).toBe(true)
    expect(await browser.peek()).toEqual({ a: 1, b: 2 })
  })

  it('makes no session when the function of the first update fails', async () => {
    const bench = makeBench()
    const { session, request } = await bench.browser().visit()
    await expect(session.update(async () => {
      throw new Error('no')
    })).rejects.toThrow('no')
    expect(request.sent).toEqual([])
    expect(await bench.rows()).toBe(0)
    expect(await session.update({ a: 1 })).toBe(true)
  })

  it('refuses data over 64 KiB and leaves what was there (E19)', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await expect(session.update({ big: 'x'.repeat(64 * 1024) })).rejects.toMatchObject({ code: 'too_large', statusCode: 413 })
    expect(await browser.peek()).toEqual({ a: 1 })
    expect(await session.update({ big: 'x'.repeat(60 * 1024) })).toBe(true)
  })

  it('makes no session for data that is too large', async () => {
    const bench = makeBench()
    const { session, request } = await bench.browser().visit()
    await expect(session.update({ big: 'x'.repeat(64 * 1024) })).rejects.toMatchObject({ code: 'too_large' })
    expect(request.sent).toEqual([])
    expect(await bench.rows()).toBe(0)
  })

  it('counts bytes, as the message says', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await expect(session.update({ big: '語'.repeat(60 * 1024) })).rejects.toMatchObject({ code: 'too_large' })
  })

  it('takes hostile keys for plain data or refuses them, and pollutes nothing', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await session.update(JSON.parse('{"__proto__": {"admin": true}, "b": 2}') as object)
    expect(await browser.peek()).toEqual({ a: 1, b: 2 })
    await expect(session.update({ nested: JSON.parse('{"__proto__": {"admin": true}}') as unknown })).rejects.toThrow()
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    expect(await browser.peek()).toEqual({ a: 1, b: 2 })
  })

  it('writes nothing in a request that a foreign page made', async () => {
    const { browser, store } = await withSession()
    const { session, request } = await browser.visit()
    request.foreign = true
    store.calls.length = 0
    for (const write of [() => session.update({}), () => session.flash('a', 1), () => session.signIn('eve'), () => session.rotate(), () => session.signOut(), () => session.extend()]) {
      await expect(write()).rejects.toThrow('foreign')
    }
    expect(store.calls).toEqual([])
    expect(request).toMatchObject({ sent: [], cleared: 0 })
  })
})

describe('pull', () => {
  it('gives a value to exactly one of 64 parallel requests (F15)', async () => {
    const { browser } = await withSession({ ticket: 'once', a: 1 })
    const visits = await Promise.all(Array.from({ length: 64 }, () => browser.visit()))
    const taken = await Promise.all(visits.map(({ session }) => session.pull('ticket')))
    expect(taken.filter(value => value !== undefined)).toEqual(['once'])
    expect(await browser.peek()).toEqual({ a: 1 })
  })

  it('leaves a value where it is in a request that nobody may have seen', async () => {
    const { browser } = await withSession()
    const { session } = await browser.visit()
    await session.flash('notice', 'Saved.')
    const prefetch = await browser.visit()
    prefetch.request.speculative = true
    expect(await prefetch.session.pull('notice')).toBe('Saved.')
    expect(await (await browser.visit()).session.pull('notice')).toBe('Saved.')
    expect(await (await browser.visit()).session.pull('notice')).toBeUndefined()
  })

  it('writes nothing where there is nothing to take', async () => {
    const { browser, store } = await withSession()
    const { session } = await browser.visit()
    store.calls.length = 0
    expect(await session.pull('none')).toBeUndefined()
    expect(store.calls).toEqual([])
  })

  it('takes own values only', async () => {
    const { browser } = await withSession()
    expect(await (await browser.visit()).session.pull('toString')).toBeUndefined()
  })
})
