import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import ActionButton from '../../../../components/app/ActionButton.vue'

it('passes a press on', async () => {
  const button = await mountSuspended(ActionButton, { props: { label: 'Send' } })
  await button.trigger('click')

  expect(button.emitted('press')).toHaveLength(1)
  expect(button.attributes('aria-disabled')).toBeUndefined()
})

it('keeps its place in the tab order but does nothing while busy', async () => {
  const button = await mountSuspended(ActionButton, { props: { label: 'Send', busy: true } })
  await button.trigger('click')

  expect(button.emitted('press')).toBeUndefined()
  expect(button.attributes()).toMatchObject({ 'aria-disabled': 'true' })
  expect(button.attributes('disabled')).toBeUndefined()
})
