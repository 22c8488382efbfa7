import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { endSession, openPage, resetVisit, server } from '../support/home-page'
import { inComponent } from '../support/session-server'
import { eventually } from '../../support/eventually'

beforeEach(resetVisit)
afterEach(() => vi.useRealTimers())

const count = (call: string) => server.calls.filter(made => made === call).length

describe('during an outage of the store, the page', () => {
  it('keeps what it shows, and repeats the step on request', async () => {
    const page = await openPage()
    const { value } = page.input().element
    server.isDown = true
    await page.press('Send')
    expect(page.status()).toBe('The session store does not answer.')
    expect(page.text()).toContain('“Send” got no result.')
    expect(page.text()).toContain('Held when last seen')

    server.isDown = false
    await page.press('Try again')
    expect(page.status()).toBe('Success!')
    expect(page.input().element.value).toBe(value)
    expect(count('POST /api/session')).toBe(2)
  })

  it('offers the step again after a retry without success', async () => {
    const page = await openPage()
    server.isDown = true
    await page.press('New value')
    await page.press('Try again')
    expect(page.text()).toContain('“New value” got no result.')
  })

  it('shows when the module retries', async () => {
    const page = await openPage()
    server.isDown = true
    await page.press('Send')
    expect(page.text()).toMatch(/Next try in \d+ s\./)
  })

  it('does not know the session if the visit begins with it', async () => {
    server.isDown = true
    const page = await openPage()
    expect(page.text()).toContain('Session unknown')
    expect(page.button('End session')).toBeUndefined()

    server.isDown = false
    await page.press('Try again')
    expect(page.input().element.value).toBe(server.value)
    expect(page.status()).toBe('The server answers again.')
  })

  it.each(['Reset idle clock', 'End session'])('says that “%s” got no result', async (name) => {
    const page = await openPage()
    server.isDown = true
    await page.press(name)
    expect(page.text()).toContain(`“${name}” got no result.`)
  })
})

describe('after an outage of the store, a step without a result', () => {
  async function missStep() {
    const page = await openPage()
    server.isDown = true
    await page.press('New value')
    server.isDown = false
    return page
  }

  async function refreshSession() {
    const { session, unmount } = await inComponent()
    await session.fetch()
    unmount()
  }

  it('is not repeated unless the visitor asks for it', async () => {
    const page = await missStep()
    await refreshSession()
    expect(page.status()).toBe('The server answers again.')
    expect(page.text()).toContain('“New value” got no result before.')
    expect(count('PUT /api/session')).toBe(1)

    await page.press('Try again')
    expect(page.status()).toBe('New value issued.')
    expect(count('PUT /api/session')).toBe(2)
  })

  it('is no longer offered after the next one', async () => {
    const page = await missStep()
    await page.press('Send')
    expect(page.status()).toBe('Success!')
    expect(page.button('Try again')).toBeUndefined()
  })

  it('is no longer offered after an edit', async () => {
    const page = await missStep()
    await refreshSession()
    await page.input().setValue('edited')
    expect(page.button('Try again')).toBeUndefined()
  })

  it('is no longer offered when the session has ended', async () => {
    const page = await missStep()
    endSession('revoked')
    await refreshSession()
    expect(page.text()).toContain('Session ended')
    expect(page.button('Try again')).toBeUndefined()
  })
})

it('a value that the store refuses to write is requested again, although it can be read', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  server.refusal = { status: 503, code: 'store_unavailable' }
  const page = await openPage()
  expect(page.status()).toBe('The session store does not answer.')
  await vi.advanceTimersByTimeAsync(5000)

  await eventually(() => expect(page.input().element.value).toBe(server.value))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(count('GET /api/session')).toBe(2)
})

it('a new session that the server does not start leaves the old one ended', async () => {
  const page = await openPage()
  await page.press('End session')
  server.refusal = { status: 409, code: 'conflict' }
  await page.press('Start a new session')

  expect(page.status()).toBe('The server could not answer.')
  expect(page.text()).toContain('You ended it.')
})
