import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import SessionEvidence from '../../../../components/session/Evidence.vue'

it('claims nothing before a script has looked', async () => {
  const evidence = await mountSuspended(SessionEvidence, { props: { seen: null } })

  expect(evidence.get('figcaption').classes()).toContain('invisible')
})

it('shows what document.cookie gave', async () => {
  const evidence = await mountSuspended(SessionEvidence, { props: { seen: { raw: 'theme=dark', readable: false } } })

  expect(evidence.text()).toContain('"theme=dark"')
  expect(evidence.text()).toContain('JavaScript cannot read it.')
  expect(evidence.get('figcaption').classes()).not.toContain('invisible')
})

it('raises the alarm when the cookie is readable', async () => {
  const evidence = await mountSuspended(SessionEvidence, { props: { seen: { raw: 'x=1', readable: true } } })

  expect(evidence.text()).toContain('HttpOnly is missing')
})
