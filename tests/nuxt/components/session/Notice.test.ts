import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import SessionNotice from '../../../../components/session/Notice.vue'
import { MISMATCH, missedNotice, SUCCESS, troubleNotice } from '../../../../composables/session/notices'

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
  const trouble = troubleNotice({ kind: 'store', retryAfterSeconds: 2 }, true, null)
  const notice = await mountSuspended(SessionNotice, { props: { ...PROPS, notice: trouble, retryIn: 2 } })

  expect(notice.text()).toContain('Next try in 2 s.')
  expect(notice.get('[role=status]').text()).not.toContain('2 s')
})

it.each([
  ['restore', MISMATCH, 'Restore value'],
  ['retry', troubleNotice({ kind: 'unreachable', retryAfterSeconds: null }, true, null), 'Try again'],
  ['retry', missedNotice('send'), 'Try again'],
] as const)('offers to %s', async (event, told, label) => {
  const notice = await mountSuspended(SessionNotice, { props: { ...PROPS, notice: told } })
  expect(notice.get('button').text()).toBe(label)
  await notice.get('button').trigger('click')

  expect(notice.emitted(event)).toHaveLength(1)
})

it('blames the connection, not the server, when the browser is offline', () => {
  const trouble = { kind: 'unreachable', retryAfterSeconds: null } as const

  expect(troubleNotice(trouble, false, null).title).toBe('You are offline.')
  expect(troubleNotice(trouble, true, null).title).toBe('The server does not answer.')
})

it('names the step that got no result', () => {
  const trouble = { kind: 'unreachable', retryAfterSeconds: null } as const

  expect(troubleNotice(trouble, false, 'renew').detail).toContain('“New value” got no result.')
  expect(troubleNotice(trouble, false, null).detail).not.toContain('got no result')
})
