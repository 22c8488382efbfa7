import { beforeEach, expect, it, vi } from 'vitest'
import { openOtherTab } from '../support/other-tab'
import { inComponent, resetServer, server } from '../support/session-server'
import { eventually } from '../../support/eventually'

beforeEach(async () => {
  sessionStorage.clear()
  vi.spyOn(location, 'reload').mockReturnValue()
  await resetServer()
})

/** This tab shows ada's page, and another tab sends a message. Returns how many requests this tab sends then. */
async function requestsAfter(message: object) {
  Object.assign(server, { userId: 'ada', id: 'h1' })
  const { session } = await inComponent()
  await session.fetch()
  server.requests = 0
  const otherTab = openOtherTab()
  otherTab.postMessage(message)
  otherTab.postMessage({ type: 'ended', id: 'h1', reason: 'revoked' }) // Arrives after it.
  await eventually(() => expect(session.loggedIn.value).toBe(false))
  otherTab.close()
  await session.fetch()
  return server.requests - 1
}

it('keeps the page and refreshes when another tab sends a change of the same user', async () => {
  expect(await requestsAfter({ type: 'changed', userId: 'ada' })).toBe(1)
  expect(location.reload).not.toHaveBeenCalled()
})

it.each([
  { type: 'changed', userId: 'bob' },
  { type: 'opened', now: Date.now() + 60_000, identity: 'h1 charles', userId: 'charles' },
])('replaces the page without asking the server when another tab names another user: %j', async (message) => {
  expect(await requestsAfter(message)).toBe(0)
  expect(document.documentElement.hidden).toBe(true)
})
