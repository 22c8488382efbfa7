import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import CookieCheck from '../../../../components/session/CookieCheck.vue'

it('claims nothing before a script has looked', async () => {
  const check = await mountSuspended(CookieCheck, { props: { seen: null } })

  expect(check.get('figcaption').classes()).toContain('invisible')
})

it('shows what document.cookie gave', async () => {
  const check = await mountSuspended(CookieCheck, { props: { seen: { raw: 'theme=dark', readable: false } } })

  expect(check.text()).toContain('"theme=dark"')
  expect(check.text()).toContain('JavaScript cannot read it.')
  expect(check.get('figcaption').classes()).not.toContain('invisible')
})

it('raises the alarm when the cookie is readable', async () => {
  const check = await mountSuspended(CookieCheck, { props: { seen: { raw: 'x=1', readable: true } } })

  expect(check.text()).toContain('HttpOnly is missing')
})
