import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import type { SessionErrorCode } from '#cloakroom'
import { flushPromises } from '@vue/test-utils'
import { createError, readBody, setResponseHeader, type H3Event } from 'h3'
import { beforeEach, expect, it } from 'vitest'
import { clearNuxtData } from '#imports'
import IndexPage from '../../../pages/index.vue'
import { DAY, HOUR, sessionOf } from '../support/views'
import { eventually } from '../../support/eventually'

const server = { value: '', id: '', isDown: false, createdAt: 0, hasCookie: false }

function answer<T>(give: (event: H3Event) => T) {
  return (event: H3Event) => {
    if (!server.isDown) return give(event)
    setResponseHeader(event, 'Retry-After', 2)
    throw refusal(503, 'store_unavailable')
  }
}

function refusal(statusCode: number, code: SessionErrorCode, message: string = code) {
  return createError({ statusCode, message, data: { code } })
}

function start() {
  Object.assign(server, { value: crypto.randomUUID(), id: crypto.randomUUID(), createdAt: Date.now(), hasCookie: true })
}

registerEndpoint('/api/session', {
  method: 'GET',
  handler: answer(() => {
    if (!server.id) start()
    return { id: server.value }
  }),
})
registerEndpoint('/api/session', {
  method: 'PUT',
  handler: answer(() => ({ id: server.value = crypto.randomUUID() })),
})
registerEndpoint('/api/session', {
  method: 'POST',
  handler: answer(async (event) => {
    const { session } = await readBody(event)
    if (!server.id) throw refusal(401, 'no_session')
    if (session !== server.value) throw refusal(422, 'mismatch', 'The data in the session does not match!')
    return { message: 'Success!' }
  }),
})
registerEndpoint('/api/session', {
  method: 'DELETE',
  handler: answer(() => {
    Object.assign(server, { id: '', hasCookie: false })
    return ''
  }),
})
registerEndpoint('/api/_session', answer(() => {
  const now = Date.now()
  const { id, createdAt } = server
  const times = { createdAt, lastSeenAt: now, idleExpiresAt: now + HOUR, expiresAt: createdAt + DAY }
  const session = id ? sessionOf({ id, ...times }) : null
  const cookie = server.hasCookie ? { name: '__Host-session', attributes: ['Path=/', 'HttpOnly'], size: 212 } : null
  return { status: 'anonymous', session, cookie, data: session && { id: session.id }, ended: null, now }
}))

async function openPage() {
  const page = await mountSuspended(IndexPage, { attachTo: document.body })
  await settled()
  return {
    text: () => page.text(),
    input: () => page.get<HTMLInputElement>('input'),
    status: () => page.get('[role=status]').text(),
    press: async (name: string) => {
      const button = page.findAll('button').find(candidate => candidate.text() === name)!
      button.element.focus()
      if (button.attributes('type') === 'submit') await page.get('form').trigger('submit')
      else await button.trigger('click')
      await settled()
    },
    button: (name: string) => page.findAll('button').find(candidate => candidate.text() === name),
  }
}

/** Calls go through a real request handler: wait for the last of them, not for a time. */
async function settled() {
  await flushPromises()
  await eventually(() => {
    if (document.querySelector('[aria-busy=true]')) throw new Error('still busy')
  })
}

beforeEach(() => {
  document.body.innerHTML = ''
  clearNuxtData()
  Object.assign(server, { value: '', id: '', isDown: false, createdAt: 0, hasCookie: false })
})

it('shows the value and says that this is a first visit', async () => {
  const page = await openPage()

  expect(page.input().element.value).toBe(server.value)
  expect(page.text()).toContain('First visit')
  expect(page.text()).toContain(server.id)
})

it('says success for the value and mismatch for any other', async () => {
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

it('takes a new value, over a tampered one too', async () => {
  const page = await openPage()
  const before = server.value
  await page.input().setValue('tampered')
  await page.press('New value')

  expect(server.value).not.toBe(before)
  expect(page.input().element.value).toBe(server.value)
})

it('ends the session, and starts another on request', async () => {
  const page = await openPage()
  const ended = server.value
  await page.press('End session')
  expect(page.text()).toContain('You ended it.')
  expect(document.activeElement?.id).toBe('ticket-title')

  await page.press('Start a new session')
  expect(server.value).not.toBe(ended)
  expect(page.input().element.value).toBe(server.value)
  expect(document.activeElement).toBe(page.input().element)
})

it('finds out at Send that the session is gone', async () => {
  const page = await openPage()
  server.id = ''
  await page.press('Send')

  expect(page.text()).toContain('Session ended')
  expect(page.text()).toContain('It was ended elsewhere')
})

it('keeps what it knows when the store goes down, and recovers', async () => {
  const page = await openPage()
  const value = page.input().element.value
  server.isDown = true
  await page.press('Send')
  expect(page.status()).toBe('The session store does not answer.')
  expect(page.text()).toContain('Held when last seen')

  server.isDown = false
  await page.press('Try again')
  expect(page.status()).toBe('Success!')
  expect(page.input().element.value).toBe(value)
})

it('shows the cookie that is still in the browser when the session is gone', async () => {
  const page = await openPage()
  server.id = ''
  await page.press('Send')

  expect(page.text()).toContain('Still in the browser.')
})

it('says that the cookie is gone when the visitor ended the session', async () => {
  const page = await openPage()
  await page.press('End session')

  expect(page.text()).toContain('No session cookie')
})

it('says that the session is unknown when the store is down from the start', async () => {
  server.isDown = true
  const page = await openPage()
  expect(page.text()).toContain('Session unknown')
  expect(page.button('End session')).toBeUndefined()

  server.isDown = false
  await page.press('Try again')
  expect(page.input().element.value).toBe(server.value)
})
