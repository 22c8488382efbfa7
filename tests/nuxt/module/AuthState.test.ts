import { mountSuspended } from '@nuxt/test-utils/runtime'
import { beforeEach, expect, it } from 'vitest'
import { h, nextTick } from 'vue'
import { useUserSession } from '#imports'
import AuthState from '../../../packages/nuxt-cloakroom/src/runtime/app/components/AuthState.vue'
import { resetServer, server, startSession } from '../support/session-server'
import { forgetSession } from '../support/session-state'

/** What `<AuthState>` passes to its default slot. */
type SlotProps = Pick<ReturnType<typeof useUserSession>, 'clear'> & {
  loggedIn: boolean
  user: { name?: string } | null
  session: { id: string } | null
}

async function mount() {
  let session!: ReturnType<typeof useUserSession>
  const page = await mountSuspended({
    setup() {
      session = useUserSession()
      return () => h(AuthState, null, {
        default: ({ loggedIn, user, session, clear }: SlotProps) =>
          h('button', { onClick: clear }, loggedIn ? `${user?.name} of ${session?.id}` : 'signed out'),
        placeholder: () => h('i', 'not known yet'),
      })
    },
  })
  return { page, session }
}

beforeEach(async () => {
  await resetServer()
  forgetSession()
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
  startSession('ada')
  const { page, session } = await mount()
  await session.fetch()
  await expect.poll(() => page.text()).toBe('ada of h1')
  await page.get('button').trigger('click')
  await expect.poll(() => page.text()).toBe('signed out')
})

it('keeps rendering a signed-in user during an outage', async () => {
  startSession('ada')
  const { page, session } = await mount()
  await session.fetch()
  server.isDown = true
  await session.fetch()
  await nextTick()
  await expect.poll(() => page.text()).toBe('ada of h1')
})
