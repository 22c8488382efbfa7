import { expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { useNuxtApp } from '#imports'
import { usePageUser } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/page-user'
import type { PageUser } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/page-user'
import { sessionOf, viewOf } from '../support/views'

it('leaves the tab to a page that the app itself is loading, without a question', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const reload = vi.spyOn(location, 'reload').mockReturnValue()
  const ask = vi.fn((event: Event) => event.preventDefault())
  const state = ref({ view: viewOf({ session: sessionOf({ userId: 'ada' }) }), stale: false, ended: null })
  const app = { name: 'cloakroom:test', eventsUrl: '/api/_session/events' }
  const page = useNuxtApp().runWithContext(() => usePageUser(state, app)) as PageUser
  window.addEventListener('beforeunload', ask)
  page.checkId('bob')
  expect(vi.getTimerCount()).toBe(1)
  window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
  await vi.runAllTimersAsync()
  vi.useRealTimers()

  expect(ask).not.toHaveBeenCalled()
  expect(reload).not.toHaveBeenCalled()
})
