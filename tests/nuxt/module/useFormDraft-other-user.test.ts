import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it, vi } from 'vitest'
import { ref } from 'vue'
import { useFormDraft } from '#imports'
import { inComponent, resetServer, server } from '../support/session-server'
import { eventually } from '../../support/eventually'

it('stores what a user has typed under that user when another one signs in, and shows it to no other', async () => {
  const reload = vi.spyOn(location, 'reload').mockReturnValue()
  await resetServer()
  sessionStorage.clear()
  Object.assign(server, { id: 'h1', userId: 'ada' })
  const { session } = await inComponent()
  await session.fetch()
  const form = ref({ text: '' })
  await mountSuspended({
    setup() {
      useFormDraft('letter', form)
      return () => null
    },
  })
  form.value.text = 'Dear Charles'
  server.userId = 'bob'
  await session.fetch()
  const stored = Object.entries(sessionStorage).filter(([, value]) => String(value).includes('Dear Charles'))

  expect(stored).toEqual([[expect.stringMatching(/:draft:"ada":letter$/), '{"text":"Dear Charles"}']])
  await eventually(() => expect(reload).toHaveBeenCalledOnce())
})
