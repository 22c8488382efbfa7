import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import type { SessionEndReason } from '#cloakroom'
import { beforeEach, expect, it } from 'vitest'
import { ref } from 'vue'
import type { Ref } from 'vue'
import { useFormDraft, useUserSession } from '#imports'
import { sessionOf, viewOf } from '../support/views'

const server = { userId: null as string | null, ended: null as SessionEndReason | null }

registerEndpoint('/api/_session', {
  method: 'GET',
  handler: () => {
    const { userId, ended } = server
    const now = Date.now()
    if (userId === null) return viewOf({ session: null, data: null, cookie: null, ended, now })
    const id = `session-of-${userId}`
    return viewOf({ status: 'signed-in', session: sessionOf({ id, userId }), data: { id }, now })
  },
})

async function open(key = 'letter') {
  const form = ref({ text: '', copies: new Set<string>() })
  let restored!: Readonly<Ref<boolean>>
  const mounted = await mountSuspended({
    setup() {
      restored = useFormDraft(key, form)
      return () => null
    },
  })
  return { form, restored, leave: () => mounted.unmount() }
}

/** Changes the session on the server, and fetches it. */
async function become(userId: string | null, ended: SessionEndReason | null = null) {
  Object.assign(server, { userId, ended })
  let fetch!: () => Promise<void>
  const mounted = await mountSuspended({
    setup() {
      ({ fetch } = useUserSession())
      return () => null
    },
  })
  await fetch()
  mounted.unmount()
}

/** The user fills in the form, and leaves its page after the session has ended. */
async function leftBy(userId: string, ended: SessionEndReason) {
  await become(userId)
  const page = await open()
  page.form.value.text = 'Dear Charles'
  page.form.value.copies.add('Mary')
  await become(null, ended)
  page.leave()
}

beforeEach(() => become(null))

it.each([
  'expired', 'revoked', 'evicted', 'secret_reuse',
] as const)('restores the form for the same user after the session has ended with reason %s', async (ended) => {
  await leftBy('ada', ended)
  await become('ada')
  const { form, restored } = await open()

  expect(form.value).toEqual({ text: 'Dear Charles', copies: new Set(['Mary']) })
  expect(restored.value).toBe(true)
})

it('restores a draft once', async () => {
  await leftBy('ada', 'expired')
  await become('ada')
  ;(await open()).leave()
  const { form, restored } = await open()

  expect([form.value.text, restored.value]).toEqual(['', false])
})

it('restores a draft again when the session ends again', async () => {
  await leftBy('ada', 'expired')
  await become('ada')
  const again = await open()
  await become(null, 'expired')
  again.leave()
  await become('ada')

  expect((await open()).form.value.text).toBe('Dear Charles')
})

it('keeps no draft when the user signs out', async () => {
  await leftBy('ada', 'signed_out')
  await become('ada')

  expect((await open()).form.value.text).toBe('')
})

it('forgets the draft of an earlier session, too, when the user signs out', async () => {
  await leftBy('ada', 'expired')
  await become('ada')
  await become(null, 'signed_out')
  await become('ada')

  expect((await open()).form.value.text).toBe('')
})

it('never restores a draft for another user, and restores it when its own user signs in again', async () => {
  await leftBy('ada', 'expired')
  await become('bob')
  expect((await open()).form.value.text).toBe('')
  await become('ada')

  expect((await open()).form.value.text).toBe('Dear Charles')
})

it('does not restore a draft while no user is signed in, and keeps it until then', async () => {
  await leftBy('ada', 'expired')
  expect((await open()).form.value.text).toBe('')
  await become('ada')

  expect((await open()).form.value.text).toBe('Dear Charles')
})

it('keeps no draft of a form that is left while the session exists', async () => {
  await become('ada')
  const page = await open()
  page.form.value.text = 'Dear Charles'
  page.leave()

  expect((await open()).form.value.text).toBe('')
})

it('keeps no draft of a form that the user has not changed', async () => {
  await become('ada')
  const page = await open()
  await become(null, 'expired')
  page.leave()
  await become('ada')

  expect((await open()).restored.value).toBe(false)
})

it('keeps the drafts of different forms apart', async () => {
  await leftBy('ada', 'expired')
  await become('ada')

  expect((await open('another form')).form.value.text).toBe('')
  expect((await open()).form.value.text).toBe('Dear Charles')
})
