import { beforeEach, describe, expect, it } from 'vitest'
import { endSession, openPage, resetVisit, server, settled, startSession } from '../support/home-page'
import { inComponent } from '../support/session-server'
import { eventually } from '../../support/eventually'

beforeEach(resetVisit)

/** As the module refreshes the session when it receives an event, or a message of another tab. */
async function refreshSession() {
  const { session, unmount } = await inComponent()
  await session.fetch()
  unmount()
  await settled()
}

it('shows the value, and that this is a first visit', async () => {
  const page = await openPage()
  expect(page.input().element.value).toBe(server.value)
  expect(page.text()).toContain('First visit')
  expect(page.text()).toContain(server.id)
  expect(server.calls).toEqual(['GET /api/session', 'GET /api/_session'])
})

it('does not call a session that existed before a first visit', async () => {
  startSession()
  await refreshSession()
  const page = await openPage()
  expect(page.input().element.value).toBe(server.value)
  expect(page.text()).toContain('Nothing sent yet')
})

it('shows success for the value and a mismatch for any other', async () => {
  const page = await openPage()
  await page.press('Send')
  expect(page.status()).toBe('Success!')

  await page.input().setValue('tampered')
  expect(page.status()).toBe('')
  await page.press('Send')
  expect(page.status()).toBe('The data in the session does not match!')

  await page.press('Restore value')
  expect(page.input().element.value).toBe(server.value)
  expect(document.activeElement).toBe(page.input().element)
})

it('gets a new value, which replaces what the visitor has typed', async () => {
  const page = await openPage()
  const before = server.value
  await page.input().setValue('tampered')
  await page.press('New value')

  expect(server.value).not.toBe(before)
  expect(page.input().element.value).toBe(server.value)
})

it('moves the idle clock', async () => {
  server.idleTimeout = 60_000
  const page = await openPage()
  server.idleTimeout = 120_000
  await page.press('Reset idle clock')

  expect(page.status()).toBe('Idle clock reset.')
  expect(page.text()).toContain('2 minutes left')
})

it('carries out one step at a time', async () => {
  const page = await openPage()
  const released = Promise.withResolvers<null>()
  server.delay = released.promise
  await page.click('Send')
  await page.click('New value')
  released.resolve(null)
  await settled()

  expect(page.status()).toBe('Success!')
  expect(server.calls).not.toContain('PUT /api/session')
})

it('shows the server’s refusal, and the session stays as it was', async () => {
  const page = await openPage()
  server.refusal = { status: 409, code: 'conflict' }
  await page.press('New value')

  expect(page.status()).toBe('The server refused.')
  expect(page.text()).toContain('Session held')
  expect(page.input().element.value).toBe(server.value)
})

describe('a value that changes in another tab', () => {
  it('is shown if the visitor has not typed anything', async () => {
    const page = await openPage()
    server.value = 'from another tab'
    await refreshSession()
    expect(page.input().element.value).toBe('from another tab')
  })

  it('does not replace what the visitor has typed', async () => {
    const page = await openPage()
    await page.input().setValue('typed')
    server.value = 'from another tab'
    await refreshSession()
    expect(page.input().element.value).toBe('typed')
  })

  it('is issued for a session that has none, for example after signing in, and the draft stays', async () => {
    const page = await openPage()
    await page.input().setValue('typed')
    startSession(undefined)
    await refreshSession()
    await eventually(() => expect(page.text()).toContain(server.id))
    await eventually(() => expect(server.value).toBeDefined())
    expect(page.input().element.value).toBe('typed')
  })

  it('is shown after it was issued', async () => {
    const page = await openPage()
    startSession(undefined)
    await refreshSession()
    await eventually(() => expect(page.input().element.value).toBe(server.value))
    expect(server.value).toBeDefined()
  })
})

describe('the end of the session', () => {
  it('by the visitor is shown as such, and another session starts on request', async () => {
    const page = await openPage()
    const ended = server.value
    await page.press('End session')
    expect(page.text()).toContain('You ended it.')
    expect(page.text()).toContain('No session cookie')
    expect(document.activeElement?.id).toBe('session-title')

    await page.press('Start a new session')
    expect(page.status()).toBe('New session started.')
    expect(server.value).not.toBe(ended)
    expect(page.input().element.value).toBe(server.value)
    expect(document.activeElement).toBe(page.input().element)
  })

  it('by the header’s button is shown as the visitor’s own', async () => {
    const page = await openPage()
    const { session, unmount } = await inComponent()
    await session.clear()
    unmount()
    await settled()
    expect(page.text()).toContain('You ended it.')
  })

  it('is found out by the next step, and the cookie is still shown', async () => {
    const page = await openPage()
    endSession(null)
    await page.press('Send')

    expect(page.text()).toContain('Session ended')
    expect(page.text()).toContain('It was ended elsewhere')
    expect(page.text()).toContain('Still in the browser.')
  })

  it.each([
    ['revoked', 60_000, 'Session ended', 'signed out from another device'],
    ['secret_reuse', 60_000, 'Session ended', 'A copy of its cookie was used'],
    ['expired', 60_000, 'Session expired', 'The idle clock ran out'],
    ['expired', 60_000, 'Session expired', 'Ran out.'],
    ['expired', 48 * 3_600_000, 'Session expired', 'The absolute clock ran out'],
  ] as const)('because of %s, with an idle timeout of %d ms, has its reason', async (reason, timeout, title, text) => {
    server.idleTimeout = timeout
    const page = await openPage()
    endSession(reason)
    await refreshSession()

    expect(page.text()).toContain(title)
    expect(page.text()).toContain(text)
  })

  it('stops the clocks, and removes the result of the step before', async () => {
    const page = await openPage()
    await page.press('Send')
    endSession('revoked')
    await refreshSession()

    expect(page.text().match(/Stopped\./g)).toHaveLength(2)
    expect(page.status()).toBe('')
  })
})

it('shows that there is no session if the browser does not send the cookie back', async () => {
  server.blocksCookies = true
  const page = await openPage()
  expect(page.text()).toContain('No session')
  expect(page.text()).toContain('It may block cookies.')

  await page.press('Start a new session')
  expect(page.status()).toBe('')
  server.blocksCookies = false
  await page.press('Start a new session')
  expect(page.input().element.value).toBe(server.value)
})
