import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import type { SessionEndReason } from '#cloakroom'
import { createError } from 'h3'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { useUserSession } from '#imports'
import { openOtherTab } from '../support/other-tab'
import { HOUR, sessionOf, viewOf } from '../support/views'
import { eventually } from '../../support/eventually'

const SIGNED_IN = {
  userId: 'ada' as string | null,
  id: 'h1',
  ended: null as SessionEndReason | null,
  isDown: false,
  requests: 0,
  now: null as number | null,
  /** The browser still sends the cookie of the session that has ended. */
  keepsCookie: false,
  delay: Promise.resolve() as Promise<unknown>,
}

/** What a tab sends when it has found a change. */
const CHANGED = { type: 'changed', userId: 'ada' }

const server = { ...SIGNED_IN }

registerEndpoint('/api/_session', {
  method: 'GET',
  handler: async () => {
    server.requests++
    await server.delay
    if (server.isDown) throw createError({ statusCode: 503, data: { code: 'store_unavailable' } })
    const { id, userId, ended, keepsCookie } = server
    const now = server.now ?? Date.now()
    if (!id) return viewOf({ session: null, data: null, ended, now, ...keepsCookie ? {} : { cookie: null } })
    const session = sessionOf({ id, userId, idleExpiresAt: now + HOUR, expiresAt: now + 2 * HOUR })
    return viewOf({ status: 'signed-in', session, data: { id }, now })
  },
})

let session: ReturnType<typeof useUserSession>
let otherTab: BroadcastChannel
let messages: unknown[]

beforeEach(async () => {
  Object.assign(server, SIGNED_IN)
  await mountSuspended({
    setup() {
      session = useUserSession()
      return () => null
    },
  })
  await new Promise(resolve => setTimeout(resolve)) // The first time, synchronization starts with an earlier timer.
  await session.fetch()
  messages = []
  otherTab = openOtherTab()
  // This tab sends `opened` when the browser is idle, at a time that no test controls.
  otherTab.onmessage = ({ data }: MessageEvent<{ type: string }>) => data.type !== 'opened' && messages.push(data)
})

afterEach(() => {
  otherTab.close()
  vi.useRealTimers()
})

/** The last request before it had failed, so the tab refreshes on return. */
async function goOfflineAndBack(meanwhile: Partial<typeof server>) {
  server.isDown = true
  await session.fetch()
  Object.assign(server, { isDown: false }, meanwhile)
  await eventually(async () => {
    window.dispatchEvent(new Event('offline'))
    await nextTick()
    window.dispatchEvent(new Event('online'))
    expect(session.stale.value).toBe(false)
  })
}

/** Messages arrive in order: when this one has arrived, all earlier ones have. */
async function sendLastMessage() {
  const last = { type: 'ended', id: 'another-session', reason: 'revoked' }
  const thirdTab = openOtherTab()
  thirdTab.postMessage(last)
  await eventually(() => expect(messages).toContainEqual(last))
  thirdTab.close()
  return last
}

it('notifies the other tabs of an end that it finds on return', async () => {
  await goOfflineAndBack({ userId: null, id: '', ended: 'revoked' })
  await eventually(() => expect(messages).not.toEqual([]))

  expect(session.ended.value).toBe('revoked')
  expect(messages).toEqual([{ type: 'ended', id: 'h1', reason: 'revoked' }])
})

it('notifies the other tabs of a change, and not of an end, if it finds another session on return', async () => {
  await goOfflineAndBack({ id: 'h2' })
  await eventually(() => expect(messages).not.toEqual([]))

  expect(messages).toEqual([CHANGED])
})

it('sends nothing if it finds the same session on return', async () => {
  await goOfflineAndBack({})
  const last = await sendLastMessage()

  expect(session.loggedIn.value).toBe(true)
  expect(messages).toEqual([last])
})

it('sends an end as such and not as a change, so that no tab requests what it may no longer see', async () => {
  Object.assign(server, { userId: null, id: '', ended: 'evicted' })
  await session.fetch()
  await eventually(() => expect(messages).not.toEqual([]))

  expect(messages).toEqual([{ type: 'ended', id: 'h1', reason: 'evicted' }])
})

it('notifies a tab that opens with HTML from before a change', async () => {
  otherTab.postMessage({ type: 'opened', now: 0, identity: 'h1 ada' })
  await eventually(() => expect(messages).not.toEqual([]))

  expect(messages).toEqual([{ type: 'newer', since: expect.any(Number) as number }])
})

it('sends nothing to a tab that opens with HTML from after the last change, though it is older', async () => {
  server.now = Date.now() + 60_000
  await session.fetch()
  server.requests = 0
  otherTab.postMessage({ type: 'opened', now: server.now - 1000, identity: 'h1 ada' })
  const last = await sendLastMessage()

  expect([messages, server.requests]).toEqual([[last], 0])
})

it('waits for a pending response, which may contain a change, before it notifies a tab that opens', async () => {
  const response = Promise.withResolvers<undefined>()
  const openedAt = Date.now() + 120_000
  Object.assign(server, { id: 'h2', delay: response.promise, now: openedAt + 1 })
  const fetched = session.fetch()
  otherTab.postMessage({ type: 'opened', now: openedAt, identity: 'h1 ada' })
  response.resolve(undefined)
  await fetched
  await eventually(() => expect(messages).toHaveLength(2))

  expect(messages).toEqual([CHANGED, { type: 'newer', since: openedAt + 1 }])
})

it.each([
  ['know of a change', { type: 'newer', since: Date.now() + 180_000 }],
  ['open with another session', { type: 'opened', now: Date.now() + 180_000, identity: 'h2 ada' }],
])('refreshes once if many tabs %s', async (_, message) => {
  Object.assign(server, { id: 'h2', requests: 0, now: Date.now() + 240_000 })
  for (let tab = 0; tab < 20; tab++) otherTab.postMessage(message)
  await sendLastMessage()
  await eventually(() => expect(session.details.value?.id).toBe('h2'))
  await sendLastMessage()

  expect(server.requests).toBe(1)
})

it('sends nothing to a tab that opens with newer HTML', async () => {
  otherTab.postMessage({ type: 'opened', now: Date.now() + 300_000, identity: 'h1 ada' })
  await goOfflineAndBack({ id: 'h2' })
  const last = await sendLastMessage()

  expect(messages).toEqual([CHANGED, last]) // Of the other session that it found.
})

it('finds that a sign-out has cleared the cookie, although it received the end before that', async () => {
  Object.assign(server, { userId: null, id: '', ended: 'signed_out', keepsCookie: true })
  const signedOut = { type: 'ended', id: 'h1', reason: 'signed_out' }
  otherTab.postMessage(signedOut) // From the tab that follows the event stream.
  await eventually(() => expect(session.ended.value).toBe('signed_out'))
  const response = Promise.withResolvers<undefined>()
  server.delay = response.promise
  const fetched = session.fetch()
  otherTab.postMessage(signedOut) // From the tab that has signed out: it has the response.
  await sendLastMessage()
  response.resolve(undefined)
  await fetched
  expect(session.cookie.value).not.toBeNull()
  server.keepsCookie = false
  await eventually(() => expect(session.cookie.value).toBeNull())
})

it.each(['signed_out', 'expired'] as const)('requests nothing if it receives a second %s', async (reason) => {
  Object.assign(server, { userId: null, id: '', ended: reason, requests: 0 })
  for (let i = 0; i < 2; i++) otherTab.postMessage({ type: 'ended', id: 'h1', reason })
  await sendLastMessage()

  expect([session.ended.value, server.requests]).toEqual([reason, 0])
})

it('retries automatically until the server responds', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const later = (check: () => void) => eventually(async () => {
    await vi.advanceTimersByTimeAsync(1000)
    check()
  })
  server.isDown = true
  await session.fetch()
  server.requests = 0
  await later(() => expect(server.requests).toBe(2))
  expect([session.loggedIn.value, session.stale.value]).toEqual([true, true])

  server.isDown = false
  await later(() => expect(session.stale.value).toBe(false))
  expect(session.loggedIn.value).toBe(true)
})
