import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import type { SessionEndReason, SessionErrorCode, SessionView } from '#cloakroom'
import { flushPromises } from '@vue/test-utils'
import { createError, readBody, type H3Event } from 'h3'
import { clearNuxtData } from '#imports'
import IndexPage from '../../../pages/index.vue'
import { eventually } from '../../support/eventually'
import { inComponent } from './session-server'
import { DAY, HOUR, sessionOf, viewOf } from './views'

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

/** The server that the page calls. A test sets its state. */
export const server = {
  id: '',
  value: undefined as string | undefined,
  createdAt: 0,
  idleTimeout: HOUR,
  ended: null as SessionEndReason | null,
  hasCookie: false,
  isDown: false,
  /** The browser does not send the cookie back. */
  blocksCookies: false,
  /** The next call of `/api/session` is refused with this code. */
  refusal: null as { status: number, code: SessionErrorCode } | null,
  /** Responses of `/api/session` wait for it. */
  delay: Promise.resolve<unknown>(null),
  calls: [] as string[],
}
const initial = { ...server }

function refuse(statusCode: number, code: SessionErrorCode, message: string = code): never {
  throw createError({ statusCode, message, data: { code } })
}

/** The server begins a session, with a value unless `value` is `undefined`. */
export function startSession(value: string | undefined = crypto.randomUUID()) {
  Object.assign(server, { value, id: crypto.randomUUID(), createdAt: Date.now(), ended: null, hasCookie: true })
}

/** The server ends the session. */
export function endSession(ended: SessionEndReason | null) {
  Object.assign(server, { id: '', value: undefined, ended })
}

function view(): SessionView {
  const { value, createdAt, idleTimeout, ended, hasCookie, blocksCookies } = server
  const id = blocksCookies ? '' : server.id
  const now = Date.now()
  const times = { createdAt, lastSeenAt: now, idleExpiresAt: now + idleTimeout, expiresAt: createdAt + DAY }
  const { cookie } = viewOf()
  return viewOf({
    session: id ? sessionOf({ id, ...times }) : null,
    cookie: hasCookie ? cookie : null,
    data: id ? { id, value } : null,
    ended,
    now,
  })
}

function route(path: string, method: Method, respond: (event: H3Event) => unknown) {
  registerEndpoint(path, {
    method,
    handler: async (event) => {
      server.calls.push(`${method} ${path}`)
      if (path === '/api/session') await server.delay
      if (server.isDown) refuse(503, 'store_unavailable')
      return respond(event)
    },
  })
}

function valueRoute(method: Method, respond: (event: H3Event) => unknown) {
  route('/api/session', method, (event) => {
    const { refusal } = server
    server.refusal = null
    return refusal ? refuse(refusal.status, refusal.code) : respond(event)
  })
}

function signOut() {
  endSession('signed_out')
  server.hasCookie = false
  return ''
}

valueRoute('GET', () => {
  if (!server.id) startSession()
  return { id: server.value ??= crypto.randomUUID() }
})
valueRoute('PUT', () => ({ id: server.value = crypto.randomUUID() }))
valueRoute('POST', async (event) => {
  const { session } = await readBody<{ session: string }>(event)
  if (!server.id) refuse(401, 'no_session')
  if (session !== server.value) refuse(422, 'mismatch', 'The data in the session does not match!')
  return { message: 'Success!' }
})
route('/api/_session', 'GET', view)
route('/api/_session', 'DELETE', signOut)
route('/api/_session/extend', 'POST', () => server.id ? view() : refuse(401, 'no_session'))

let leave = () => {}

/** Leaves the page and makes the visitor one without a session. */
export async function resetVisit() {
  leave()
  clearNuxtData()
  Object.assign(server, initial, { ended: 'signed_out' }) // Without a reason the client would ask a second time.
  const { session, unmount } = await inComponent()
  await session.fetch()
  unmount()
  Object.assign(server, { ended: null, calls: [] })
}

export async function openPage() {
  document.body.innerHTML = ''
  const page = await mountSuspended(IndexPage, { attachTo: document.body })
  leave = () => page.unmount()
  await settled()
  const button = (name: string) => page.findAll('button').find(candidate => candidate.text() === name)
  async function click(name: string) {
    const found = button(name)!
    found.element.focus()
    if (found.attributes('type') === 'submit') await page.get('form').trigger('submit')
    else await found.trigger('click')
  }
  return {
    text: () => page.text(),
    input: () => page.get<HTMLInputElement>('input'),
    status: () => page.get('[role=status]').text(),
    button,
    click,
    press: async (name: string) => {
      await click(name)
      await settled()
    },
  }
}

/** Resolves when no call of the page is pending. */
export async function settled() {
  await flushPromises()
  await eventually(() => {
    if (document.querySelector('[aria-busy=true]')) throw new Error('The page is still busy.')
  })
}
