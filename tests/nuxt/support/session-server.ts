import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import type { SessionEndReason, SessionView } from '#cloakroom'
import { createError, setResponseStatus } from 'h3'
import { useUserSession } from '#imports'
import { HOUR, sessionOf, viewOf } from './views'

/** The server that the browser calls. A test sets its state. */
export const server = {
  /** Each of the next responses waits for one of them. */
  delays: [] as Promise<unknown>[],
  /** How many requests have arrived. */
  requests: 0,
  /** How many of the next requests arrive with a cookie that is no longer valid. */
  outdatedCookies: 0,
  userId: null as string | null,
  id: '',
  note: undefined as string | undefined,
  skew: 0,
  ended: null as SessionEndReason | null,
  isDown: false,
  /** The response to a sign-out does not arrive, although the session has ended. */
  losesSignOut: false,
}

function view({ id, userId, note, skew, ended }: typeof server): SessionView {
  const now = Date.now() + skew
  if (!id) return viewOf({ session: null, data: null, cookie: null, ended, now })
  const times = { createdAt: now, lastSeenAt: now, idleExpiresAt: now + HOUR, expiresAt: now + 2 * HOUR }
  const data = { id, ...(userId ? { user: { id: userId, name: userId } } : {}), note }
  return viewOf({ status: userId ? 'signed-in' : 'anonymous', session: sessionOf({ id, userId, ...times }), data, now })
}

async function respond() {
  server.requests++
  await server.delays.shift()
  if (server.isDown) throw createError({ statusCode: 503, data: { code: 'store_unavailable' } })
  if (server.outdatedCookies === 0) return view(server)
  server.outdatedCookies--
  return view({ ...server, id: '' })
}
registerEndpoint('/api/_session', { method: 'GET', handler: respond })
registerEndpoint('/api/_session/extend', { method: 'POST', handler: respond })
registerEndpoint('/api/_session', {
  method: 'DELETE',
  handler: async (event) => {
    await respond()
    Object.assign(server, { userId: null, id: '', ended: 'signed_out' })
    if (server.losesSignOut) throw createError({ statusCode: 504 })
    setResponseStatus(event, 204)
    return ''
  },
})

/** From now on, the server has a session of this user. */
export function startSession(userId: string) {
  Object.assign(server, { id: 'h1', userId })
}

/** Calls `useUserSession()` in a component. */
export async function inComponent() {
  let session!: ReturnType<typeof useUserSession>
  const mounted = await mountSuspended({
    setup() {
      session = useUserSession()
      return () => null
    },
  })
  return { session, unmount: () => mounted.unmount() }
}

/**
 * Makes the visitor one without a session. The server gives a reason for the end of the last test's session, because
 * otherwise the client would send a second request before it accepts that end.
 */
export async function resetServer() {
  const noSession = { userId: null, id: '', note: undefined, skew: 0, ended: 'signed_out' }
  const noFaults = { delays: [], requests: 0, outdatedCookies: 0, isDown: false, losesSignOut: false }
  Object.assign(server, { ...noSession, ...noFaults })
  const { session, unmount } = await inComponent()
  await session.fetch()
  unmount()
  Object.assign(server, { requests: 0, ended: null })
}
