import { beforeEach, expect, it, vi } from 'vitest'
import { inComponent, resetServer, server } from '../support/session-server'
import { eventually } from '../../support/eventually'

beforeEach(resetServer)

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

it('hears of what another tab did', async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  const onEnded = vi.fn()
  session.onEnded(onEnded)
  const otherTab = new BroadcastChannel('session')
  otherTab.postMessage({ type: 'ended', handle: 'of another session', reason: 'revoked' })
  otherTab.postMessage({ type: 'ended', handle: 'h1', reason: 'revoked' })
  await eventually(() => expect(onEnded).toHaveBeenCalledOnce())
  otherTab.close()

  expect(onEnded.mock.calls).toEqual([['revoked', { here: false }]])
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
  await eventually(() => expect(heard).not.toEqual([]))
  await session.clear()
  await eventually(() => expect(heard).toHaveLength(2))
  otherTab.close()

  expect(heard).toEqual([{ type: 'changed' }, { type: 'ended', handle: 'h1', reason: 'signed_out' }])
})
