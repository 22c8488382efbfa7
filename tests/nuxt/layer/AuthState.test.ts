import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { createError, setResponseStatus } from 'h3'
import { beforeEach, expect, it } from 'vitest'
import { h, nextTick } from 'vue'
import { useState, useUserSession } from '#imports'
import AuthState from '../../../layers/session/app/components/AuthState.vue'
import type { KnownSession } from '../../../layers/session/app/session/known'
import { nothingKnown } from '../../../layers/session/app/session/known'
import { HOUR, sessionOf, viewOf } from '../support/views'

const server = { owner: null as string | null, isDown: false }

registerEndpoint('/api/_session', { method: 'GET', handler: () => {
  if (server.isDown) throw createError({ statusCode: 503, data: { code: 'store_unavailable' } })
  if (!server.owner) return viewOf({ session: null, data: null, cookie: null })
  const now = Date.now()
  const session = sessionOf({ handle: 'h1', owner: server.owner, createdAt: now, lastSeenAt: now, idleExpiresAt: now + HOUR, expiresAt: now + 2 * HOUR })
  return viewOf({ status: 'signed-in', session, data: { id: 'h1', user: { id: server.owner, name: server.owner } }, now })
} })
registerEndpoint('/api/_session', { method: 'DELETE', handler: (event) => {
  server.owner = null
  setResponseStatus(event, 204)
  return ''
} })

/** What `<AuthState>` gives its slot. */
type SlotProps = Pick<ReturnType<typeof useUserSession>, 'clear'> & { loggedIn: boolean, user: { name?: string } | null, session: { id: string } | null }

async function mount() {
  let known!: ReturnType<typeof useState<KnownSession>>
  let session!: ReturnType<typeof useUserSession>
  const page = await mountSuspended({
    setup() {
      known = useState<KnownSession>('session')
      session = useUserSession()
      return () => h(AuthState, null, {
        default: ({ loggedIn, user, session, clear }: SlotProps) => h('button', { onClick: clear }, loggedIn ? `${user?.name} of ${session?.id}` : 'nobody'),
        placeholder: () => h('i', 'not known yet'),
      })
    },
  })
  return { page, known, session }
}

beforeEach(async () => {
  Object.assign(server, { owner: null, isDown: false })
  const { page, known } = await mount()
  known.value = nothingKnown()
  page.unmount()
})

it('shows its placeholder until it is known who this is, and the slot from then on', async () => {
  const { page, session } = await mount()
  expect(page.html()).toBe('<i>not known yet</i>')
  await session.fetch()
  await expect.poll(() => page.text()).toBe('nobody')
})

it('keeps its placeholder while the server cannot say', async () => {
  server.isDown = true
  const { page, session } = await mount()
  await session.fetch()
  expect(page.html()).toBe('<i>not known yet</i>')
})

it('gives its slot the user, the session, and the way to sign out', async () => {
  server.owner = 'ada'
  const { page, session } = await mount()
  await session.fetch()
  await expect.poll(() => page.text()).toBe('ada of h1')
  await page.get('button').trigger('click')
  await expect.poll(() => page.text()).toBe('nobody')
})

it('goes on showing a known visitor in an outage', async () => {
  server.owner = 'ada'
  const { page, session } = await mount()
  await session.fetch()
  server.isDown = true
  await session.fetch()
  await nextTick()
  await expect.poll(() => page.text()).toBe('ada of h1')
})
