import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { createError, setResponseStatus } from 'h3'
import { beforeEach, expect, it } from 'vitest'
import { h, nextTick } from 'vue'
import { useState, useUserSession } from '#imports'
import AuthState from '../../../packages/nuxt-cloakroom/src/runtime/app/components/AuthState.vue'
import type { SessionState } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/session-state'
import { initialState } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/session-state'
import { HOUR, sessionOf, viewOf } from '../support/views'

const server = { userId: null as string | null, isDown: false }

registerEndpoint('/api/_session', {
  method: 'GET',
  handler: () => {
    const { userId, isDown } = server
    if (isDown) throw createError({ statusCode: 503, data: { code: 'store_unavailable' } })
    if (!userId) return viewOf({ session: null, data: null, cookie: null })
    const now = Date.now()
    const times = { createdAt: now, lastSeenAt: now, idleExpiresAt: now + HOUR, expiresAt: now + 2 * HOUR }
    const data = { id: 'h1', user: { id: userId, name: userId } }
    return viewOf({ status: 'signed-in', session: sessionOf({ id: 'h1', userId, ...times }), data, now })
  },
})
registerEndpoint('/api/_session', {
  method: 'DELETE',
  handler: (event) => {
    server.userId = null
    setResponseStatus(event, 204)
    return ''
  },
})

/** What `<AuthState>` passes to its default slot. */
type SlotProps = Pick<ReturnType<typeof useUserSession>, 'clear'> & {
  loggedIn: boolean
  user: { name?: string } | null
  session: { id: string } | null
}

async function mount() {
  let state!: ReturnType<typeof useState<SessionState>>
  let session!: ReturnType<typeof useUserSession>
  const page = await mountSuspended({
    setup() {
      state = useState<SessionState>('cloakroom')
      session = useUserSession()
      return () => h(AuthState, null, {
        default: ({ loggedIn, user, session, clear }: SlotProps) =>
          h('button', { onClick: clear }, loggedIn ? `${user?.name} of ${session?.id}` : 'signed out'),
        placeholder: () => h('i', 'not known yet'),
      })
    },
  })
  return { page, state, session }
}

beforeEach(async () => {
  Object.assign(server, { userId: null, isDown: false })
  const { page, state } = await mount()
  state.value = initialState()
  page.unmount()
})

it('renders the placeholder until the session is known, and the default slot from then on', async () => {
  const { page, session } = await mount()
  expect(page.html()).toBe('<i>not known yet</i>')
  await session.fetch()
  await expect.poll(() => page.text()).toBe('signed out')
})

it('keeps the placeholder while the server does not respond', async () => {
  server.isDown = true
  const { page, session } = await mount()
  await session.fetch()
  expect(page.html()).toBe('<i>not known yet</i>')
})

it('passes the user, the session and the function that signs out to the default slot', async () => {
  server.userId = 'ada'
  const { page, session } = await mount()
  await session.fetch()
  await expect.poll(() => page.text()).toBe('ada of h1')
  await page.get('button').trigger('click')
  await expect.poll(() => page.text()).toBe('signed out')
})

it('keeps rendering a signed-in user during an outage', async () => {
  server.userId = 'ada'
  const { page, session } = await mount()
  await session.fetch()
  server.isDown = true
  await session.fetch()
  await nextTick()
  await expect.poll(() => page.text()).toBe('ada of h1')
})
