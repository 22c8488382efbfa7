import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { createError, setResponseStatus } from 'h3'
import { useUserSession } from '#imports'
import { HOUR, sessionOf, viewOf } from './views'

/** The server as the browser finds it, in the test's hands. */
export const server = {
  /** What the next answers wait for. */
  answers: [] as Promise<unknown>[],
  /** How many questions have yet to come with a cookie that is no longer any good. */
  strangers: 0,
  owner: null as string | null,
  handle: '',
  note: undefined as string | undefined,
  skew: 0,
  ended: null as SessionEndReason | null,
  isDown: false,
}

function view(): SessionView {
  const now = Date.now() + server.skew
  if (!server.handle) return viewOf({ session: null, data: null, cookie: null, ended: server.ended, now })
  const session = sessionOf({ handle: server.handle, owner: server.owner, createdAt: now, lastSeenAt: now, idleExpiresAt: now + HOUR, expiresAt: now + 2 * HOUR })
  const data = { id: server.handle, ...(server.owner ? { user: { id: server.owner, name: server.owner } } : {}), note: server.note }
  return viewOf({ status: server.owner ? 'signed-in' : 'anonymous', session, data, now })
}

const answer = async () => {
  await server.answers.shift()
  if (server.isDown) throw createError({ statusCode: 503, data: { code: 'store_unavailable' } })
  const { handle } = server
  if (server.strangers-- > 0) server.handle = ''
  const answered = view()
  server.handle = handle
  return answered
}
registerEndpoint('/api/_session', { method: 'GET', handler: answer })
registerEndpoint('/api/_session/extend', { method: 'POST', handler: answer })
registerEndpoint('/api/_session', {
  method: 'DELETE',
  handler: async (event) => {
    await answer()
    Object.assign(server, { owner: null, handle: '' })
    setResponseStatus(event, 204)
    return ''
  },
})

/** `useUserSession()` as a component has it. */
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

/** A visitor who has no session. The end of the last test's is explained, or the page would ask twice before it believes it. */
export async function resetServer() {
  Object.assign(server, { answers: [], strangers: 0, owner: null, handle: '', note: undefined, skew: 0, ended: 'signed_out', isDown: false })
  const { session, unmount } = await inComponent()
  await session.fetch()
  unmount()
  server.ended = null
}
