import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { beforeEach, expect, it } from 'vitest'
import { ref } from 'vue'
import type { Ref } from 'vue'
import { useKeptForm, useUserSession } from '#imports'
import { sessionOf, viewOf } from '../support/views'

const server = { owner: null as string | null, ended: null as SessionEndReason | null }

registerEndpoint('/api/_session', {
  method: 'GET',
  handler: () => server.owner === null
    ? viewOf({ session: null, data: null, cookie: null, ended: server.ended, now: Date.now() })
    : viewOf({ status: 'signed-in', session: sessionOf({ handle: `of-${server.owner}`, owner: server.owner }), data: { id: `of-${server.owner}` }, now: Date.now() }),
})

async function open(key = 'letter') {
  const form = ref({ text: '', copies: new Set<string>() })
  let restored!: Readonly<Ref<boolean>>
  const mounted = await mountSuspended({
    setup() {
      restored = useKeptForm(key, form)
      return () => null
    },
  })
  return { form, restored, leave: () => mounted.unmount() }
}

/** What the server says of the session from now on, as the page learns it. */
async function become(owner: string | null, ended: SessionEndReason | null = null) {
  Object.assign(server, { owner, ended })
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

async function leftBy(owner: string, ended: SessionEndReason) {
  await become(owner)
  const page = await open()
  page.form.value.text = 'Dear Charles'
  page.form.value.copies.add('Mary')
  await become(null, ended)
  page.leave()
}

beforeEach(() => become(null))

it.each(['expired', 'revoked', 'evicted', 'secret_reuse'] as const)('gives the form back to who had filled it in, when their session was %s', async (ended) => {
  await leftBy('ada', ended)
  await become('ada')
  const { form, restored } = await open()

  expect(form.value).toEqual({ text: 'Dear Charles', copies: new Set(['Mary']) })
  expect(restored.value).toBe(true)
})

it('gives it back once', async () => {
  await leftBy('ada', 'expired')
  await become('ada')
  ;(await open()).leave()
  const { form, restored } = await open()

  expect([form.value.text, restored.value]).toEqual(['', false])
})

it('gives it back again when the session ends again', async () => {
  await leftBy('ada', 'expired')
  await become('ada')
  const again = await open()
  await become(null, 'expired')
  again.leave()
  await become('ada')

  expect((await open()).form.value.text).toBe('Dear Charles')
})

it('keeps nothing of whoever signs out', async () => {
  await leftBy('ada', 'signed_out')
  await become('ada')

  expect((await open()).form.value.text).toBe('')
})

it('never shows it to another user, and has forgotten it then', async () => {
  await leftBy('ada', 'expired')
  await become('bob')
  const others = await open('another form')
  expect((await open()).form.value.text).toBe('')
  others.leave()
  await become('ada')

  expect((await open()).form.value.text).toBe('')
})

it('shows it to nobody who is not signed in, and keeps it meanwhile', async () => {
  await leftBy('ada', 'expired')
  expect((await open()).form.value.text).toBe('')
  await become('ada')

  expect((await open()).form.value.text).toBe('Dear Charles')
})

it('keeps nothing of a form that is left while the session lasts', async () => {
  await become('ada')
  const page = await open()
  page.form.value.text = 'Dear Charles'
  page.leave()

  expect((await open()).form.value.text).toBe('')
})

it('keeps nothing of a form that nobody has touched', async () => {
  await become('ada')
  const page = await open()
  await become(null, 'expired')
  page.leave()
  await become('ada')

  expect((await open()).restored.value).toBe(false)
})

it('tells one form from another', async () => {
  await leftBy('ada', 'expired')
  await become('ada')

  expect((await open('another form')).form.value.text).toBe('')
  expect((await open()).form.value.text).toBe('Dear Charles')
})
