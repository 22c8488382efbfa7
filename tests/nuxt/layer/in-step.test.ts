import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { createError } from 'h3'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { useUserSession } from '#imports'
import { sessionOf, viewOf } from '../support/views'
import { eventually } from '../../support/eventually'

const server = { owner: null as string | null, handle: '', ended: null as SessionEndReason | null, isDown: false, asked: 0, now: null as number | null, wait: Promise.resolve() as Promise<unknown> }

registerEndpoint('/api/_session', {
  method: 'GET',
  handler: async () => {
    server.asked++
    await server.wait
    if (server.isDown) throw createError({ statusCode: 503, data: { code: 'store_unavailable' } })
    const now = server.now ?? Date.now()
    if (!server.handle) return viewOf({ session: null, data: null, cookie: null, ended: server.ended, now })
    const session = sessionOf({ handle: server.handle, owner: server.owner, idleExpiresAt: now + 3_600_000, expiresAt: now + 7_200_000 })
    return viewOf({ status: 'signed-in', session, data: { id: server.handle }, now })
  },
})

let session: ReturnType<typeof useUserSession>
let otherTab: BroadcastChannel
let heard: unknown[]

beforeEach(async () => {
  Object.assign(server, { owner: 'ada', handle: 'h1', ended: null, isDown: false, asked: 0, now: null, wait: Promise.resolve() })
  await mountSuspended({
    setup() {
      session = useUserSession()
      return () => null
    },
  })
  await session.fetch()
  heard = []
  otherTab = new BroadcastChannel('session')
  // This tab says that it has opened when the browser is idle, whenever that is.
  otherTab.onmessage = ({ data }: MessageEvent<{ type: string }>) => data.type !== 'opened' && heard.push(data)
})

afterEach(() => {
  otherTab.close()
  vi.useRealTimers()
})

/** The last question before had no answer, so that this tab asks when it is back. */
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

it('tells the other tabs of the end that it finds when it comes back', async () => {
  await goOfflineAndBack({ owner: null, handle: '', ended: 'revoked' })
  await eventually(() => expect(heard).not.toEqual([]))

  expect(session.ended.value).toBe('revoked')
  expect(heard).toEqual([{ type: 'ended', handle: 'h1', reason: 'revoked' }])
})

it('tells them of another session that it finds, and not that theirs is over', async () => {
  await goOfflineAndBack({ handle: 'h2' })
  await eventually(() => expect(heard).not.toEqual([]))

  expect(heard).toEqual([{ type: 'changed' }])
})

it('tells them nothing where it finds what was known', async () => {
  await goOfflineAndBack({})
  const last = { type: 'ended', handle: 'of another session', reason: 'revoked' }
  const thirdTab = new BroadcastChannel('session')
  thirdTab.postMessage(last)
  await eventually(() => expect(heard).toContainEqual(last))
  thirdTab.close()

  expect(session.loggedIn.value).toBe(true)
  expect(heard).toEqual([last])
})

it('tells them of an end in a way that sends nobody asking for what is over', async () => {
  Object.assign(server, { owner: null, handle: '', ended: 'evicted' })
  await session.fetch()
  await eventually(() => expect(heard).not.toEqual([]))

  expect(heard).toEqual([{ type: 'ended', handle: 'h1', reason: 'evicted' }])
})

it('tells a tab that opens with older HTML that something has changed', async () => {
  otherTab.postMessage({ type: 'opened', now: Date.now() - 60_000 })
  await eventually(() => expect(heard).not.toEqual([]))

  expect(heard).toEqual([{ type: 'changed' }])
})

it('tells it so after an answer that is on its way, which may be what has changed', async () => {
  const answer = Promise.withResolvers<undefined>()
  server.wait = answer.promise
  const openedAt = Date.now() + 60_000
  const asking = session.fetch()
  otherTab.postMessage({ type: 'opened', now: openedAt })
  server.now = openedAt + 1
  answer.resolve(undefined)
  await asking
  await eventually(() => expect(heard).not.toEqual([]))

  expect(heard).toEqual([{ type: 'changed' }])
})

it('tells a tab that opens with newer HTML nothing', async () => {
  const last = { type: 'ended', handle: 'of another session', reason: 'revoked' }
  otherTab.postMessage({ type: 'opened', now: Date.now() + 60_000 })
  await goOfflineAndBack({ handle: 'h2' })
  const thirdTab = new BroadcastChannel('session')
  thirdTab.postMessage(last)
  await eventually(() => expect(heard).toContainEqual(last))
  thirdTab.close()

  expect(heard).toEqual([{ type: 'changed' }, last]) // Of the other session that it found.
})

it('asks again by itself where it got no answer, until there is one', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const later = (check: () => void) => eventually(async () => {
    await vi.advanceTimersByTimeAsync(1000)
    check()
  })
  server.isDown = true
  await session.fetch()
  server.asked = 0
  await later(() => expect(server.asked).toBe(2))
  expect([session.loggedIn.value, session.stale.value]).toEqual([true, true])

  server.isDown = false
  await later(() => expect(session.stale.value).toBe(false))
  expect(session.loggedIn.value).toBe(true)
})
