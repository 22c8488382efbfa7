import { mountSuspended } from '@nuxt/test-utils/runtime'
import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useUserSession } from '#imports'
import { openOtherTab } from '../support/other-tab'
import { inComponent, resetServer, server } from '../support/session-server'
import { HOUR } from '../support/views'
import { eventually } from '../../support/eventually'

beforeEach(resetServer)

it('returns who is signed in', async () => {
  const { session } = await inComponent()
  expect([session.status.value, session.loggedIn.value, session.user.value]).toEqual(['anonymous', false, null])
  Object.assign(server, { userId: 'ada', id: 'h1' })
  await session.fetch()

  expect([session.status.value, session.loggedIn.value]).toEqual(['signed-in', true])
  expect(session.user.value).toEqual({ id: 'ada', name: 'ada' })
  expect(session.session.value?.id).toBe('h1')
})

it('can be awaited, and then resolves to the same values', async () => {
  const { session } = await inComponent()
  const awaited = await session
  expect(awaited.status).toBe(session.status)
  expect(awaited).not.toHaveProperty('then')
})

it.each([-HOUR, 0, HOUR])('computes the remaining time by a server clock that differs by %d ms', async (skew) => {
  Object.assign(server, { userId: 'ada', id: 'h1', skew })
  const { session } = await inComponent()
  await session.fetch()

  expect(session.remaining.value).toBeGreaterThan(HOUR / 2)
  expect(session.remaining.value).toBeLessThanOrEqual(HOUR)
  expect(session.idleExpiresAt.value).toBeLessThan(session.expiresAt.value!)
})

describe('onEnded', () => {
  it.each([
    ['revoked', 'revoked'],
    [null, 'unknown'],
  ] as const)('is called once when the session ends: for the server\'s reason %j with %j', async (ended, reason) => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session } = await inComponent()
    await session.fetch()
    const onEnded = vi.fn()
    session.onEnded(onEnded)
    Object.assign(server, { userId: null, id: '', ended })
    await session.fetch()
    await session.fetch()

    expect(onEnded.mock.calls).toEqual([[reason, { here: false }]])
    expect([session.status.value, session.ended.value]).toEqual(['anonymous', reason])
  })

  it('is called when another user signs in with the same browser', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session } = await inComponent()
    await session.fetch()
    const onEnded = vi.fn()
    session.onEnded(onEnded)
    Object.assign(server, { userId: 'bob', id: 'h1' })
    await session.fetch()

    expect(onEnded).toHaveBeenCalledOnce()
    expect(session.user.value).toEqual({ id: 'bob', name: 'bob' })
  })

  it('is not called for a component that has been unmounted', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session, unmount } = await inComponent()
    await session.fetch()
    const onEnded = vi.fn()
    await mountSuspended({
      setup() {
        useUserSession().onEnded(onEnded)
        return () => null
      },
    }).then(mounted => mounted.unmount())
    Object.assign(server, { userId: null, id: '' })
    await session.fetch()
    await flushPromises()
    unmount()

    expect(session.loggedIn.value).toBe(false)
    expect(onEnded).not.toHaveBeenCalled()
  })
})

describe('clear', () => {
  it('signs out, and reports that this tab did it', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session } = await inComponent()
    await session.fetch()
    const onEnded = vi.fn()
    session.onEnded(onEnded)
    await session.clear()

    expect(onEnded.mock.calls).toEqual([['signed_out', { here: true }]])
    expect([session.loggedIn.value, session.session.value]).toEqual([false, null])
  })

  it('throws if the server could not end the session, which goes on', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session } = await inComponent()
    await session.fetch()
    server.isDown = true

    await expect(session.clear()).rejects.toMatchObject({ status: 503 })
    expect([session.loggedIn.value, session.stale.value]).toEqual([true, true])
  })

  it('does not throw if the response was lost or late, and the session is over', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1', losesSignOut: true })
    const { session } = await inComponent()
    await session.fetch()
    const onEnded = vi.fn()
    session.onEnded(onEnded)
    await session.clear()

    expect(onEnded.mock.calls).toEqual([['signed_out', { here: true }]])
    expect([session.loggedIn.value, session.stale.value]).toEqual([false, false])
  })
})

it('returns why the last session ended until a user signs in, even if an anonymous session has started', async () => {
  Object.assign(server, { userId: 'ada', id: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  Object.assign(server, { userId: null, id: '', ended: 'revoked' })
  await session.fetch()
  Object.assign(server, { id: 'h2', ended: null })
  await session.fetch()
  expect([session.session.value?.id, session.ended.value]).toEqual(['h2', 'revoked'])
  Object.assign(server, { userId: 'ada', id: 'h3' })
  await session.fetch()

  expect(session.ended.value).toBeNull()
})

describe('details', () => {
  it('has the public properties of an anonymous session and of a user\'s session', async () => {
    const { session } = await inComponent()
    server.id = 'h1'
    await session.fetch()
    expect(session.details.value).toMatchObject({ id: 'h1', userId: null })
    Object.assign(server, { userId: 'ada', id: 'h2' })
    await session.fetch()

    expect(session.details.value).toEqual({
      id: 'h2',
      userId: 'ada',
      createdAt: expect.any(Number),
      lastSeenAt: session.details.value!.createdAt,
      idleExpiresAt: session.idleExpiresAt.value,
      expiresAt: session.expiresAt.value,
      persistent: false,
    })
  })

  it('is null before a session starts and after it has ended', async () => {
    const { session } = await inComponent()
    expect(session.details.value).toBeNull()
    Object.assign(server, { userId: 'ada', id: 'h1' })
    await session.fetch()
    expect(session.details.value).not.toBeNull()
    await session.clear()

    expect(session.details.value).toBeNull()
  })

  it('keeps the last response during an outage', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session } = await inComponent()
    await session.fetch()
    const { value } = session.details
    server.isDown = true
    await session.fetch()

    expect(session.details.value).toEqual(value)
    expect(value?.userId).toBe('ada')
  })
})

describe('cookie', () => {
  const COOKIE = { name: '__Host-session', attributes: ['Path=/', 'Secure', 'HttpOnly', 'SameSite=Lax'], size: 212 }

  it('has the name, the attributes and the size of the browser\'s cookie', async () => {
    const { session } = await inComponent()
    expect(session.cookie.value).toBeNull()
    Object.assign(server, { userId: 'ada', id: 'h1' })
    await session.fetch()

    expect(session.cookie.value).toEqual(COOKIE)
  })

  it('is null when the browser sends none any more', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session } = await inComponent()
    await session.fetch()
    Object.assign(server, { userId: null, id: '', ended: 'revoked' })
    await session.fetch()

    expect(session.cookie.value).toBeNull()
  })

  it('is null after signing out, because the response has cleared it', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session } = await inComponent()
    await session.fetch()
    expect(session.cookie.value).toEqual(COOKIE)
    await session.clear()

    expect(session.cookie.value).toBeNull()
  })

  it('is null after signing out in another tab', async () => {
    Object.assign(server, { userId: 'ada', id: 'h1' })
    const { session } = await inComponent()
    await session.fetch()
    expect(session.cookie.value).toEqual(COOKIE)
    const otherTab = openOtherTab()
    otherTab.postMessage({ type: 'ended', id: 'h1', reason: 'signed_out' })
    await eventually(() => expect(session.loggedIn.value).toBe(false))
    otherTab.close()

    expect(session.cookie.value).toBeNull()
  })
})
