import { describe, expect, it } from 'vitest'
import { dueForRotation } from '../../support/due-for-rotation'
import { MINUTE, SECOND, createTestEngine } from '../../support/engine'

describe('rotate', () => {
  it('makes the old secret invalid immediately', async () => {
    const { browser, old, events, time } = await dueForRotation({ onSecretReuse: 'refuse' })
    const { session } = await browser.visit()
    expect(await session.rotate()).toBe(true)
    expect((await old.visit()).session.exists).toBe(false)
    expect(events.at(-1)).toMatchObject({ type: 'rotated' }) // A request that was under way is not reported as theft.
    await browser.visit()
    time.advance(30 * SECOND)
    expect((await old.visit()).session.exists).toBe(false)
    expect(events.at(-1)).toMatchObject({ type: 'secret_reuse' })
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('reports no theft if the response with the new secret was lost', async () => {
    const { browser, old, events, time } = await dueForRotation({ onSecretReuse: 'revoke' })
    await (await browser.visit()).session.rotate()
    time.advance(20 * MINUTE)
    const { session } = await old.visit()
    expect(session.exists).toBe(false)
    expect(await session.update({ b: 2 })).toBe(true) // As a new session.
    expect(events.map(({ type }) => type)).not.toContain('secret_reuse')
    expect(await browser.get()).toEqual({ a: 1 })
  })

  it('makes the old secret invalid on another server whose clock is behind, too', async () => {
    const { browser, old, time } = await dueForRotation()
    await (await browser.visit()).session.rotate()
    time.advance(-5)
    expect(await old.get()).toBeNull()
  })

  it('makes a secret invalid that is still in its grace period after a periodic rotation', async () => {
    const { browser, old } = await dueForRotation()
    await browser.browse()
    await (await browser.visit()).session.rotate()
    expect(await old.get()).toBeNull()
  })

  it.each([
    ['after a periodic rotation', 'browse'],
    ['after another call', 'visit'],
  ] as const)('reports no theft for a request that was under way before both secrets, %s', async (_case, first) => {
    const { browser, old, events } = await dueForRotation({ onSecretReuse: 'revoke' })
    const { session } = await browser[first]()
    if (first === 'visit') await session.rotate()
    await session.rotate()
    const { session: late } = await old.visit()
    expect(late.exists).toBe(false)
    expect(await late.update({ b: 2 })).toBe(false)
    expect(events.map(({ type }) => type)).not.toContain('secret_reuse')
  })

  it('succeeds in exactly one of two parallel requests', async () => {
    const { browser, old } = await dueForRotation()
    const tabs = [await browser.visit(), await old.visit()]
    const outcomes = await Promise.all(tabs.map(({ session }) => session.rotate()))
    expect(outcomes.toSorted()).toEqual([false, true])
    expect(tabs.map(({ request }) => request.sent.length)).toEqual(outcomes.map(Number))
  })

  it('returns false and sends no cookie if there is no session', async () => {
    const { session, request } = await createTestEngine().browser().visit()
    expect(await session.rotate()).toBe(false)
    expect(request.sent).toEqual([])
  })

  it('fails with 503 and sends no cookie if the store does not respond', async () => {
    const { browser, store } = await dueForRotation()
    const { session, request } = await browser.visit()
    store.fail('replace')
    await expect(session.rotate()).rejects.toMatchObject({ statusCode: 503, code: 'store_unavailable' })
    expect(request.sent).toEqual([])
  })
})
