import { mountSuspended } from '@nuxt/test-utils/runtime'
import { flushPromises } from '@vue/test-utils'
import { beforeEach, expect, it, vi } from 'vitest'
import { useUserSession } from '#imports'
import { inComponent, resetServer, server } from '../support/session-server'
import { HOUR } from '../support/views'

beforeEach(resetServer)

it('tells who is signed in, and who is not', async () => {
  const { session } = await inComponent()
  expect([session.status.value, session.loggedIn.value, session.user.value]).toEqual(['anonymous', false, null])
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  await session.fetch()

  expect([session.status.value, session.loggedIn.value, session.user.value]).toEqual(['signed-in', true, { id: 'ada', name: 'ada' }])
  expect(session.session.value?.id).toBe('h1')
})

it('can be waited for, and is then the same', async () => {
  const { session } = await inComponent()
  const awaited = await session
  expect(awaited.status).toBe(session.status)
  expect(awaited).not.toHaveProperty('then')
})

it.each([-HOUR, 0, HOUR])('counts what remains by the server\'s clock, %d ms off', async (skew) => {
  Object.assign(server, { owner: 'ada', handle: 'h1', skew })
  const { session } = await inComponent()
  await session.fetch()

  expect(session.remaining.value).toBeGreaterThan(HOUR / 2)
  expect(session.remaining.value).toBeLessThanOrEqual(HOUR)
  expect(session.idleExpiresAt.value).toBeLessThan(session.expiresAt.value!)
})

it.each(['revoked', null] as const)('calls back once when the session has ended, with the reason %j of the server', async (ended) => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  session.onEnded(onEnded)
  Object.assign(server, { owner: null, handle: '', ended })
  await session.fetch()
  await session.fetch()

  expect(onEnded.mock.calls).toEqual([[ended ?? 'unknown', { here: false }]])
  expect([session.status.value, session.ended.value]).toEqual(['anonymous', ended ?? 'unknown'])
})

it('another user in the same browser is the end of the first one\'s session', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  session.onEnded(onEnded)
  Object.assign(server, { owner: 'bob', handle: 'h1' })
  await session.fetch()

  expect(onEnded).toHaveBeenCalledOnce()
  expect(session.user.value).toEqual({ id: 'bob', name: 'bob' })
})

it('signs out here, and tells that it was here', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  session.onEnded(onEnded)
  await session.clear()

  expect(onEnded.mock.calls).toEqual([['signed_out', { here: true }]])
  expect([session.loggedIn.value, session.session.value]).toEqual([false, null])
})

it('does not pass over a session that could not be ended', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  server.isDown = true

  await expect(session.clear()).rejects.toMatchObject({ status: 503 })
  expect([session.loggedIn.value, session.stale.value]).toEqual([true, true])
})

it('says why the last session ended until somebody signs in, though an anonymous one has begun', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  Object.assign(server, { owner: null, handle: '', ended: 'revoked' })
  await session.fetch()
  Object.assign(server, { handle: 'h2', ended: null })
  await session.fetch()
  expect([session.session.value?.id, session.ended.value]).toEqual(['h2', 'revoked'])
  Object.assign(server, { owner: 'ada', handle: 'h3' })
  await session.fetch()

  expect(session.ended.value).toBeNull()
})

it('calls nobody back who has left the page', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session, unmount } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  await mountSuspended({
    setup() {
      useUserSession().onEnded(onEnded)
      return () => null
    },
  }).then(mounted => mounted.unmount())
  Object.assign(server, { owner: null, handle: '' })
  await session.fetch()
  await flushPromises()
  unmount()

  expect(onEnded).not.toHaveBeenCalled()
})
