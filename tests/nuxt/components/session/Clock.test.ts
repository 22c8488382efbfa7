import { mountSuspended } from '@nuxt/test-utils/runtime'
import { expect, it } from 'vitest'
import SessionClock from '../../../../components/session/Clock.vue'
import { readClocks } from '../../../../utils/session-page/clocks'
import { HOUR, NOW, sessionOf } from '../../support/views'

function clockAt(now: number, stopped = false) {
  const reading = readClocks(sessionOf(), now).idle
  return mountSuspended(SessionClock, { props: { title: 'Idle clock', text: 'Runs.', reading, stopped } })
}

it('shows digits to the eye and words to a voice', async () => {
  const clock = await clockAt(NOW + 18_000)

  expect(clock.get('time').text()).toBe('59:42')
  expect(clock.get('time').attributes()).toMatchObject({ 'aria-hidden': 'true', 'datetime': 'PT59M42S' })
  expect(clock.get('.sr-only').text()).toBe('59 minutes 42 seconds left')
})

it('needs no style attribute, which a strict CSP refuses', async () => {
  expect((await clockAt(NOW)).html()).not.toContain('style=')
})

it('says whether it stopped or ran out', async () => {
  expect((await clockAt(NOW + 1, true)).text()).toContain('Stopped.')
  expect((await clockAt(NOW + HOUR, true)).text()).toContain('Ran out.')
  expect((await clockAt(NOW + HOUR)).text()).toContain('Runs.')
})
