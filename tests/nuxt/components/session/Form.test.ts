import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import SessionForm from '../../../../components/session/Form.vue'

const PROPS = { modelValue: 'abc', busy: null } as const

it('labels and describes the input', async () => {
  const form = await mountSuspended(SessionForm, { props: PROPS })
  const input = form.get('input')

  expect(form.get('label').text()).toBe('Session value')
  expect(form.get('label').attributes('for')).toBe(input.attributes('id'))
  expect(form.find(`#${input.attributes('aria-describedby')}`).exists()).toBe(true)
})

it('sends on submit, which is what Enter does', async () => {
  const form = await mountSuspended(SessionForm, { props: PROPS })
  await form.get('form').trigger('submit')

  expect(form.emitted('send')).toHaveLength(1)
  expect(form.get('button').attributes('type')).toBe('submit')
})

it('does not send while another step is under way', async () => {
  const form = await mountSuspended(SessionForm, { props: { ...PROPS, busy: 'renew' } })
  await form.get('form').trigger('submit')

  expect(form.emitted('send')).toBeUndefined()
})
