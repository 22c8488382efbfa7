import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import SessionNotice from '../../../../components/session/Notice.vue'
import { MISMATCH, missedNotice, outageNotice, SUCCESS } from '../../../../utils/session-page/notices'

const PROPS = { notice: null, hint: null, busy: false, waiting: false, retryIn: null }

it('keeps its live region in the page, empty while there is nothing to tell', async () => {
  const notice = await mountSuspended(SessionNotice, { props: PROPS })
  const region = notice.get('[role=status]').element
  expect(region.textContent).toBe('')
  await notice.setProps({ notice: SUCCESS })

  expect(notice.get('[role=status]').element).toBe(region)
  expect(region.textContent?.trim()).toBe('Success!')
})

it('says the countdown outside the live region, which would read out every second', async () => {
  const outage = outageNotice('store', null)
  const notice = await mountSuspended(SessionNotice, { props: { ...PROPS, notice: outage, retryIn: 1001 } })

  expect(notice.text()).toContain('Next try in 2 s.')
  expect(notice.get('[role=status]').text()).not.toContain('2 s')
})

it.each([
  ['restore', MISMATCH, 'Restore value'],
  ['retry', outageNotice('unreachable', null), 'Try again'],
  ['retry', missedNotice('send'), 'Try again'],
] as const)('offers to %s', async (event, shown, label) => {
  const notice = await mountSuspended(SessionNotice, { props: { ...PROPS, notice: shown } })
  expect(notice.get('button').text()).toBe(label)
  await notice.get('button').trigger('click')

  expect(notice.emitted(event)).toHaveLength(1)
})
