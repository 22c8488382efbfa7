import { mountSuspended } from '@nuxt/test-utils/runtime'
import type { SessionView } from '#cloakroom'
import { expect, it, vi } from 'vitest'
import { ref } from 'vue'
import type { SessionApi } from '../../../composables/session/api'
import type { Snapshot } from '../../../composables/session/state'
import { useSessionState } from '../../../composables/useSessionState'
import { fakeApi, fetchError, sessionOf, viewOf } from '../support/views'

async function knownFrom(answers: Partial<SessionApi>, snapshot?: Snapshot) {
  const api = fakeApi(answers)
  let known!: ReturnType<typeof useSessionState>
  await mountSuspended({
    setup() {
      known = useSessionState(api, ref(snapshot ?? { kind: 'held', id: 'value-1', view: viewOf(), fresh: false }))
      return () => null
    },
  })
  return known
}

it('a draft follows the session\'s value until the visitor changes it', async () => {
  let id = 'value-2'
  const { draft, load } = await knownFrom({ issue: async () => ({ id }) })
  expect(draft.value).toBe('value-1')
  await load()
  expect(draft.value).toBe('value-2')

  draft.value = 'mine'
  id = 'value-3'
  await load()
  expect(draft.value).toBe('mine')
})

it('looking starts no session where there is none', async () => {
  const issue = vi.fn(async () => ({ id: 'value-2' }))
  const { state, look } = await knownFrom({ issue, view: async () => viewOf({ session: null }) })
  await look()

  expect(state.value.phase).toBe('over')
  expect(issue).not.toHaveBeenCalled()
})

it('looking brings the value along when another tab has started another session', async () => {
  const other = viewOf({ session: sessionOf({ id: 'h2' }) })
  const { state, look } = await knownFrom({ issue: async () => ({ id: 'value-9' }), view: async () => other })
  await look()

  expect(state.value).toMatchObject({ phase: 'held', value: 'value-9', last: { id: 'h2' } })
})

it('an answer to a question from before the visitor\'s next step is dropped', async () => {
  const late = Promise.withResolvers<SessionView>()
  const { state, look, outdate } = await knownFrom({ view: () => late.promise })
  const looking = look()
  outdate()
  late.resolve(viewOf({ session: null }))
  await looking

  expect(state.value.phase).toBe('held')
})

it('so is a failure to answer it', async () => {
  const late = Promise.withResolvers<SessionView>()
  const { state, look, outdate } = await knownFrom({ view: () => late.promise })
  const looking = look()
  outdate()
  late.reject(fetchError())
  await looking

  expect(state.value.trouble).toBeNull()
})
