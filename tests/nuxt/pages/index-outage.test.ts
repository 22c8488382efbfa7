import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { endSession, openPage, resetVisit, server, startSession } from '../support/home-page'
import { inComponent } from '../support/session-server'
import { eventually } from '../../support/eventually'

beforeEach(resetVisit)
afterEach(() => vi.useRealTimers())

async function refreshSession() {
  const { session, unmount } = await inComponent()
  await session.fetch()
  unmount()
}

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
    await eventually(() => expect(page.text()).toMatch(/Next try in \d+ s\./))
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
    expect(page.text()).toContain('It held no session for you')
  })

  it('finds the session of a returning visitor afterwards, and does not call it new', async () => {
    startSession()
    server.isDown = true
    const page = await openPage()
    server.isDown = false
    await page.press('Try again')
    expect(page.text()).toContain('Nothing was lost: your session is as it was.')
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
    await eventually(() => expect(page.text()).toContain('Next try in'))
    server.isDown = false
    return page
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

it('a step that the store refuses stays open until it is repeated, although the session can be read', async () => {
  const page = await openPage()
  server.refusal = { status: 503, code: 'store_unavailable' }
  await page.press('New value')
  await refreshSession()
  expect(page.status()).toBe('The session store does not answer.')
  expect(page.text()).toContain('“New value” got no result.')

  await page.press('Try again')
  expect(page.status()).toBe('New value issued.')
})

it('a new session that the server does not start is not started later without being asked for', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const page = await openPage()
  await page.press('End session')
  server.refusal = { status: 503, code: 'store_unavailable' }
  await page.press('Start a new session')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(page.status()).toBe('The session store does not answer.')
  expect(page.text()).toContain('“Start a new session” got no result.')
  expect(page.text()).toContain('You ended it.')

  await page.press('Try again')
  expect(page.status()).toBe('New session started.')
})
