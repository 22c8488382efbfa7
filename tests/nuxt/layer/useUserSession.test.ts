import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { flushPromises } from '@vue/test-utils'
import { createError, setResponseStatus } from 'h3'
import { beforeEach, expect, it, vi } from 'vitest'
import { useUserSession } from '#imports'
import { HOUR, sessionOf, viewOf } from '../support/views'

const server = { /** What the next answers wait for. */ answers: [] as Promise<unknown>[], /** How many questions have yet to come with a cookie that is no longer any good. */ strangers: 0, owner: null as string | null, handle: '', note: undefined as string | undefined, skew: 0, ended: null as SessionEndReason | null, isDown: false }

function view(): SessionView {
  const now = Date.now() + server.skew
  if (!server.handle) return viewOf({ session: null, data: null, cookie: null, ended: server.ended, now })
  const session = sessionOf({ handle: server.handle, owner: server.owner, createdAt: now, lastSeenAt: now, idleExpiresAt: now + HOUR, expiresAt: now + 2 * HOUR })
  const data = { id: server.handle, ...(server.owner ? { user: { id: server.owner, name: server.owner } } : {}), note: server.note }
  return viewOf({ status: server.owner ? 'signed-in' : 'anonymous', session, data, now })
}

const answer = async () => {
  await server.answers.shift()
  if (server.isDown) throw createError({ statusCode: 503, data: { code: 'store_unavailable' } })
  const { handle } = server
  if (server.strangers-- > 0) server.handle = ''
  const answered = view()
  server.handle = handle
  return answered
}
registerEndpoint('/api/_session', { method: 'GET', handler: answer })
registerEndpoint('/api/_session/extend', { method: 'POST', handler: answer })
registerEndpoint('/api/_session', {
  method: 'DELETE',
  handler: async (event) => {
    await answer()
    Object.assign(server, { owner: null, handle: '' })
    setResponseStatus(event, 204)
    return ''
  },
})

async function inComponent() {
  let session!: ReturnType<typeof useUserSession>
  const mounted = await mountSuspended({
    setup() {
      session = useUserSession()
      return () => null
    },
  })
  return { session, unmount: () => mounted.unmount() }
}

beforeEach(async () => {
  Object.assign(server, { answers: [], strangers: 0, owner: null, handle: '', note: undefined, skew: 0, ended: null, isDown: false })
  const { session, unmount } = await inComponent()
  await session.fetch()
  unmount()
})

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

it('keeps what it knew in an outage, says so, and recovers', async () => {
  const { session } = await inComponent()
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  await session.fetch()
  server.isDown = true
  await session.fetch()
  expect([session.status.value, session.stale.value]).toEqual(['signed-in', true])

  server.isDown = false
  await session.fetch()
  expect([session.status.value, session.stale.value]).toEqual(['signed-in', false])
})

it.each([-HOUR, 0, HOUR])('counts what remains by the server\'s clock, %d ms off', async (skew) => {
  Object.assign(server, { owner: 'ada', handle: 'h1', skew })
  const { session } = await inComponent()
  await session.fetch()

  expect(session.remaining.value).toBeGreaterThan(HOUR - 5000)
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

it('asks once more before it believes an end that nobody explains: its cookie may have been replaced under way', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  session.onEnded(onEnded)
  server.strangers = 1
  await session.fetch()

  expect(onEnded).not.toHaveBeenCalled()
  expect([session.loggedIn.value, session.ended.value, server.strangers]).toEqual([true, null, -1])
})

it('has the answer when it has been fetched, though somebody else has asked meanwhile', async () => {
  const { session } = await inComponent()
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  let release!: () => void
  server.answers = [Promise.resolve(), new Promise<void>(resolve => release = resolve)]
  const fetched = session.fetch()
  const later = session.fetch()
  await fetched
  expect(session.loggedIn.value).toBe(true)
  release()
  await later
  expect(session.loggedIn.value).toBe(true)
})

it('does not believe an answer that comes after that of a later question', async () => {
  const { session } = await inComponent()
  let release!: () => void
  server.answers = [new Promise<void>(resolve => release = resolve), Promise.resolve()]
  const early = session.fetch()
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  await session.fetch()
  Object.assign(server, { owner: null, handle: '' })
  release()
  await early
  expect(session.loggedIn.value).toBe(true)
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

it('hears of what another tab did', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  session.onEnded(onEnded)
  const otherTab = new BroadcastChannel('session')
  otherTab.postMessage({ type: 'ended', handle: 'of another session', reason: 'revoked' })
  otherTab.postMessage({ type: 'ended', handle: 'h1', reason: 'revoked' })
  await vi.waitFor(() => expect(onEnded).toHaveBeenCalledOnce())
  otherTab.close()

  expect(onEnded.mock.calls).toEqual([['revoked', { here: false }]])
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

it('tells the other tabs of what is new, and of nothing else', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const heard: unknown[] = []
  const otherTab = new BroadcastChannel('session')
  otherTab.onmessage = ({ data }) => heard.push(data)
  await session.fetch()
  server.note = 'Dear Charles'
  await session.fetch()
  await vi.waitFor(() => expect(heard).not.toEqual([]))
  await session.clear()
  await vi.waitFor(() => expect(heard).toHaveLength(2))
  otherTab.close()

  expect(heard).toEqual([{ type: 'changed' }, { type: 'ended', handle: 'h1', reason: 'signed_out' }])
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
