import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it, vi } from 'vitest'
import { ref } from 'vue'
import type { SessionApi } from '../../../composables/session/api'
import { useSessionActions } from '../../../composables/useSessionActions'
import { useSessionState } from '../../../composables/useSessionState'
import { SUCCESS, type Notice } from '../../../composables/session/notices'
import { fakeApi, fetchError, NOW, viewOf } from '../support/views'

async function actionsOn(answers: Partial<SessionApi>) {
  const api = fakeApi(answers)
  const told = ref<Notice | null>(null)
  const tellTabs = vi.fn()
  let known!: ReturnType<typeof useSessionState>
  let actions!: ReturnType<typeof useSessionActions>
  await mountSuspended({
    setup() {
      known = useSessionState(api, ref({ kind: 'held', id: 'value-1', view: viewOf(), fresh: false }))
      actions = useSessionActions(api, known, { told, now: ref(NOW), tellTabs, tryNow: known.load })
      return () => null
    },
  })
  return { ...known, ...actions, told, tellTabs }
}

it('one thing at a time: what is pressed meanwhile does not happen', async () => {
  const slow = Promise.withResolvers<{ message: string }>()
  const renew = vi.fn(async () => ({ id: 'value-2' }))
  const page = await actionsOn({ check: () => slow.promise, renew })
  const sending = page.send()
  await page.renew()
  expect(page.busy.value).toBe('send')
  expect(renew).not.toHaveBeenCalled()

  slow.resolve({ message: 'Success!' })
  await sending
  expect(page.busy.value).toBeNull()
})

it('a slow look after one thing does not hold up the next', async () => {
  const page = await actionsOn({ view: () => new Promise(() => {}) })
  await page.end()
  void page.start()

  expect(page.busy.value).toBe('start')
  expect(page.state.value.ending).toBe('you')
})

it.each([
  'an outage', 'the server has answered again',
])('trying again repeats the step that got no result, during %s', async (moment) => {
  const check = vi.fn<SessionApi['check']>(() => Promise.reject(fetchError()))
  const page = await actionsOn({ check })
  await page.send()
  expect(page.missed.value).toBe('send')
  if (moment !== 'an outage') await page.look()
  expect(page.missed.value).toBe('send')

  check.mockResolvedValue({ message: 'Success!' })
  await page.retry()
  expect(check).toHaveBeenCalledTimes(2)
  expect(page.told.value).toEqual(SUCCESS)
  expect(page.missed.value).toBeNull()
  expect(page.state.value.trouble).toBeNull()
})

it('trying again in vain leaves the step to be tried once more', async () => {
  const page = await actionsOn({ renew: () => Promise.reject(fetchError(503, 'store_unavailable')) })
  await page.renew()
  await page.retry()

  expect(page.missed.value).toBe('renew')
})

it('a step that got no result is given up with the next one, with an edit, and with the session', async () => {
  const down = { extend: () => Promise.reject(fetchError()) }
  const next = await actionsOn(down)
  await next.extend()
  await next.send()
  expect(next.missed.value).toBeNull()

  const edit = await actionsOn(down)
  await edit.extend()
  edit.edited()
  expect(edit.missed.value).toBeNull()

  const over = await actionsOn({ ...down, view: async () => viewOf({ session: null }) })
  await over.extend()
  await over.look()
  expect(over.missed.value).toBeNull()
})

it('a refusal to begin again is told, and nobody is told of a new session', async () => {
  const page = await actionsOn({
    issue: () => Promise.reject(fetchError(409, 'conflict')),
    view: async () => viewOf({ session: null }),
  })
  await page.end()
  page.tellTabs.mockClear()
  await page.start()

  expect(page.told.value).toMatchObject({ tone: 'error' })
  expect(page.state.value.phase).toBe('over')
  expect(page.tellTabs).not.toHaveBeenCalled()
})

it('the other tabs hear of what changes the session, and only of that', async () => {
  const page = await actionsOn({})
  await page.send()
  await page.extend()
  expect(page.tellTabs).not.toHaveBeenCalled()

  await page.renew()
  expect(page.tellTabs).toHaveBeenLastCalledWith('changed')
  await page.end()
  expect(page.tellTabs).toHaveBeenLastCalledWith('ended')
})

it.each([
  ['cross_origin_refused', 403, 'The call did not come from this site'],
  ['too_large', 413, 'larger than the server accepts'],
  ['conflict', 409, 'Try once more'],
] as const)('a refusal for %s says so and leaves the session as it was', async (code, status, text) => {
  const page = await actionsOn({ check: () => Promise.reject(fetchError(status, code)) })
  const before = page.state.value
  await page.send()

  expect(page.told.value).toMatchObject({ tone: 'error', title: 'The server refused.' })
  expect(page.told.value?.detail).toContain(text)
  expect(page.state.value).toEqual(before)
})

it('an error of our own comes out, and the page can still be used', async () => {
  const page = await actionsOn({ check: () => Promise.reject(new TypeError('a mistake')) })

  await expect(page.send()).rejects.toThrow('a mistake')
  expect(page.busy.value).toBeNull()
})
