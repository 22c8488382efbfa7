import { beforeEach, expect, it, vi } from 'vitest'
import { openOtherTab } from '../support/other-tab'
import { inComponent, resetServer, server } from '../support/session-server'
import { eventually } from '../../support/eventually'

beforeEach(resetServer)

it('keeps its state during an outage, marks it as stale, and recovers', async () => {
  const { session } = await inComponent()
  Object.assign(server, { userId: 'ada', id: 'h1' })
  await session.fetch()
  server.isDown = true
  await session.fetch()
  expect([session.status.value, session.stale.value]).toEqual(['signed-in', true])

  server.isDown = false
  await session.fetch()
  expect([session.status.value, session.stale.value]).toEqual(['signed-in', false])
})

it('sends a second request if the session ended without a reason, as its cookie may be changing', async () => {
  Object.assign(server, { userId: 'ada', id: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  session.onEnded(onEnded)
  Object.assign(server, { outdatedCookies: 1, requests: 0 })
  await session.fetch()

  expect(onEnded).not.toHaveBeenCalled()
  expect([session.loggedIn.value, session.ended.value, server.requests]).toEqual([true, null, 2])
})

it('has the response when fetch resolves, even if another request is still pending', async () => {
  const { session } = await inComponent()
  Object.assign(server, { userId: 'ada', id: 'h1' })
  const slow = Promise.withResolvers<undefined>()
  server.delays = [Promise.resolve(), slow.promise]
  const fetched = session.fetch()
  const later = session.fetch()
  await fetched
  expect(session.loggedIn.value).toBe(true)
  slow.resolve(undefined)
  await later
  expect(session.loggedIn.value).toBe(true)
})

it('ignores a response that arrives after the response to a later request', async () => {
  const { session } = await inComponent()
  const slow = Promise.withResolvers<undefined>()
  server.delays = [slow.promise, Promise.resolve()]
  const early = session.fetch()
  Object.assign(server, { userId: 'ada', id: 'h1' })
  await session.fetch()
  Object.assign(server, { userId: null, id: '' })
  slow.resolve(undefined)
  await early
  expect(session.loggedIn.value).toBe(true)
})

it('ends the session when another tab sends that it has ended', async () => {
  Object.assign(server, { userId: 'ada', id: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  session.onEnded(onEnded)
  const otherTab = openOtherTab()
  otherTab.postMessage({ type: 'ended', id: 'another-session', reason: 'revoked' })
  otherTab.postMessage({ type: 'ended', id: 'h1', reason: 'revoked' })
  await eventually(() => expect(onEnded).toHaveBeenCalledOnce())
  otherTab.close()

  expect(onEnded.mock.calls).toEqual([['revoked', { here: false }]])
})

it('notifies the other tabs of each change, and sends them nothing else', async () => {
  Object.assign(server, { userId: 'ada', id: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const messages: unknown[] = []
  const otherTab = openOtherTab()
  otherTab.onmessage = ({ data }) => messages.push(data)
  await session.fetch()
  server.note = 'Dear Charles'
  await session.fetch()
  await eventually(() => expect(messages).not.toEqual([]))
  await session.clear()
  await eventually(() => expect(messages).toHaveLength(2))
  otherTab.close()

  expect(messages).toEqual([
    { type: 'changed', userId: 'ada' },
    { type: 'ended', id: 'h1', reason: 'signed_out' },
  ])
})
