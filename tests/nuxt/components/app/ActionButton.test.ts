import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import ActionButton from '../../../../components/app/ActionButton.vue'

it('passes a press on', async () => {
  const button = await mountSuspended(ActionButton, { props: { label: 'Send' } })
  await button.trigger('click')

  expect(button.emitted('press')).toHaveLength(1)
  expect(button.attributes('aria-disabled')).toBeUndefined()
})

it.each([
  ['busy', { busy: true }],
  ['blocked', { blocked: true, reasonId: 'why' }],
])('keeps its place in the tab order but does nothing while %s', async (_, props) => {
  const button = await mountSuspended(ActionButton, { props: { label: 'Send', ...props } })
  await button.trigger('click')

  expect(button.emitted('press')).toBeUndefined()
  expect(button.attributes()).toMatchObject({ 'aria-disabled': 'true' })
  expect(button.attributes('disabled')).toBeUndefined()
})

it('names the reason while blocked, and only then', async () => {
  const props = { label: 'Send', reasonId: 'why' }
  const blocked = await mountSuspended(ActionButton, { props: { ...props, blocked: true } })
  const free = await mountSuspended(ActionButton, { props })

  expect(blocked.attributes('aria-describedby')).toBe('why')
  expect(free.attributes('aria-describedby')).toBeUndefined()
})
