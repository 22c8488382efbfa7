import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { MockInstance } from 'vitest'
import { ref } from 'vue'
import { useNuxtApp, useRouter } from '#imports'
import { usePageUser } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/page-user'
import type { PageUser } from '../../../packages/nuxt-cloakroom/src/runtime/app/session/page-user'
import { NOW, sessionOf, viewOf } from '../support/views'

const APP = { name: 'cloakroom:test', eventsUrl: '/api/_session/events' }
let reload: MockInstance<() => void>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  sessionStorage.clear()
  reload = vi.spyOn(location, 'reload').mockReturnValue()
})

afterEach(() => {
  vi.useRealTimers()
  Object.assign(document.documentElement, { inert: false, hidden: false })
})

const viewFor = (userId: string | null, now = NOW) => {
  return viewOf({ status: userId === null ? 'anonymous' : 'signed-in', session: sessionOf({ userId }), now })
}

/** A page that the server has rendered for a user, or has not rendered. */
function openPage(view: ReturnType<typeof viewOf> | null): PageUser {
  return useNuxtApp().runWithContext(() => usePageUser(ref({ view, stale: false, ended: null }), APP)) as PageUser
}

/** How often the page has been loaded again. */
async function reloads() {
  await vi.runAllTimersAsync()
  return reload.mock.calls.length
}

// First, because each page adds its middleware to the same app.
it('loads the page to which the app navigates after the sign-in', async () => {
  const [nuxtApp, router] = [useNuxtApp(), useNuxtApp().runWithContext(useRouter) as ReturnType<typeof useRouter>]
  const before = router.currentRoute.value.fullPath
  const replaceState = vi.spyOn(history, 'replaceState')
  openPage(viewFor('ada')).check(viewFor('bob'))
  await nuxtApp.runWithContext(() => router.push('/devices?a=1#b'))

  expect(replaceState).toHaveBeenLastCalledWith(null, '', '/devices?a=1#b')
  expect(router.currentRoute.value.fullPath).toBe(before)
  expect(await reloads()).toBe(1)
})

it('loads the page again when another user has signed in, and hides it until then', async () => {
  const page = openPage(viewFor('ada'))
  page.check(viewFor('bob'))

  expect(document.documentElement).toMatchObject({ inert: true, hidden: true })
  expect(await reloads()).toBe(1)
})

it('loads the page again when another user has signed in after the end of the session', async () => {
  const page = openPage(viewFor('ada'))
  page.check(viewOf({ session: null, data: null }))
  page.check(viewFor(null))
  expect(await reloads()).toBe(0)
  page.check(viewFor('bob'))

  expect(await reloads()).toBe(1)
})

it.each([
  ['a visitor signs in', [null, 'ada']],
  ['the user signs out', ['ada', null]],
  ['the same user signs in again', ['ada', null, 'ada']],
  ['the session goes on', ['ada', 'ada']],
])('keeps the page when %s', async (_, [first, ...later]) => {
  const page = openPage(viewFor(first!))
  for (const userId of later) page.check(viewFor(userId))

  expect(await reloads()).toBe(0)
  expect(document.documentElement.inert).toBe(false)
})

it('compares with the first response on a page that the server has not rendered', async () => {
  const page = openPage(null)
  page.check(viewFor('ada'))
  expect(await reloads()).toBe(0)
  page.check(viewFor('bob', NOW + 1))

  expect(await reloads()).toBe(1)
})

it('compares with a user id that another tab has sent', async () => {
  const page = openPage(viewFor('ada'))
  expect([page.checkId(null), page.checkId('ada'), await reloads()]).toEqual([false, false, 0])
  expect([page.checkId('bob'), await reloads()]).toEqual([true, 1])
})

it('loads the page once, however often the user changes until then', async () => {
  const page = openPage(viewFor('ada'))
  for (const userId of ['bob', 'bob', 'charles', 'ada']) page.check(viewFor(userId))

  expect(await reloads()).toBe(1)
})

it('does not load the same HTML a second time, which a cache of the app has returned', async () => {
  openPage(viewFor('ada')).check(viewFor('bob', NOW + 1000))
  expect(await reloads()).toBe(1)
  const same = openPage(viewFor('ada'))
  expect(same.checkId('bob')).toBe(false)
  expect(await reloads()).toBe(1)
  openPage(viewFor('ada', NOW + 2000)).check(viewFor('bob', NOW + 3000))

  expect(await reloads()).toBe(2)
})

it('loads the page again in a browser that stores nothing', async () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  openPage(viewFor('ada')).check(viewFor('bob'))

  expect(await reloads()).toBe(1)
})

it('loads the page again in the next task if a user was signed in, and otherwise gives the app a moment', async () => {
  openPage(viewFor('ada')).check(viewFor('bob'))
  await vi.advanceTimersByTimeAsync(0)
  expect(reload).toHaveBeenCalledOnce()
  const page = openPage(viewFor(null, NOW + 1))
  page.check(viewFor('ada'))
  page.check(viewFor('bob'))
  await vi.advanceTimersByTimeAsync(499)
  expect(reload).toHaveBeenCalledOnce()
  await vi.advanceTimersByTimeAsync(1)

  expect(reload).toHaveBeenCalledTimes(2)
})

it('does not wait for a timer in a hidden tab, where timers are slow', () => {
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
  openPage(viewFor('ada')).check(viewFor('bob'))

  expect(reload).toHaveBeenCalledOnce()
})
