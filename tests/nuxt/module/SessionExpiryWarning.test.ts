import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import type { SessionView } from '#cloakroom'
import { flushPromises } from '@vue/test-utils'
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { SessionExpiryWarning } from '#components'
import { useUserSession } from '#imports'
import { HOUR, NOW, sessionOf, viewOf } from '../support/views'
import { eventually } from '../../support/eventually'

const MINIMUM = 20_000
const DEFAULT = 60_000

/** `idle` and `absolute`: milliseconds until the two expiries. */
const server = { userId: 'ada' as string | null, idle: HOUR, absolute: 2 * HOUR, extended: 0 }

function view(): SessionView {
  const { userId, idle, absolute } = server
  const session = sessionOf({ id: 'h1', userId, idleExpiresAt: NOW + idle, expiresAt: NOW + absolute })
  return viewOf({ status: userId ? 'signed-in' : 'anonymous', session, data: { id: 'h1' }, now: NOW })
}

registerEndpoint('/api/_session', { method: 'GET', handler: view })
registerEndpoint('/api/_session/extend', {
  method: 'POST',
  handler: () => {
    server.extended++
    server.idle = HOUR
    return view()
  },
})

let warning: VueWrapper

async function mount(before?: number) {
  warning = await mountSuspended(SessionExpiryWarning, { props: { before }, attachTo: document.body })
}

/** Fetches the session after a change on the server. The browser's clock stands still. */
async function fetchChanged(changes: Partial<typeof server>) {
  Object.assign(server, changes)
  await useUserSession().fetch()
  await nextTick()
  await nextTick()
}

const isOpen = () => (warning.element as HTMLDialogElement).open
const buttons = () => warning.findAll('button').map(button => button.text())
const press = (label: string) => warning.findAll('button').find(button => button.text() === label)!.trigger('click')

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  await fetchChanged({ userId: 'ada', idle: HOUR, absolute: 2 * HOUR, extended: 0 })
})

afterEach(() => {
  warning.unmount()
  vi.useRealTimers()
})

describe('the time of the warning', () => {
  it.each([
    { before: undefined, from: DEFAULT },
    { before: 5 * DEFAULT, from: 5 * DEFAULT },
    { before: MINIMUM, from: MINIMUM },
    { before: MINIMUM - 1, from: MINIMUM },
    { before: 0, from: MINIMUM },
  ])('is $from ms before the expiry if `before` is $before', async ({ before, from }) => {
    await mount(before)
    await fetchChanged({ idle: from + 1 })
    expect([isOpen(), warning.text()]).toEqual([false, ''])

    await fetchChanged({ idle: from })
    expect(isOpen()).toBe(true)
    expect(warning.text()).toContain(`You will be signed out in ${from / 1000} seconds.`)
  })

  it('never comes for an anonymous visitor', async () => {
    await mount()
    await fetchChanged({ userId: null, idle: MINIMUM })
    expect([isOpen(), warning.text()]).toEqual([false, ''])
  })
})

describe('before the idle expiry, the warning', () => {
  beforeEach(async () => {
    await mount()
    await fetchChanged({ idle: MINIMUM })
  })

  it('extends the session with one press, and closes', async () => {
    await press('Stay signed in')
    await eventually(() => expect(isOpen()).toBe(false))
    await flushPromises()
    expect([server.extended, warning.text()]).toEqual([1, ''])
  })

  it.each([
    ['“Not now”', () => press('Not now')],
    ['Escape', () => warning.trigger('cancel')],
  ])('closes with %s, sends no request, and does not open again for the same expiry', async (_, dismiss) => {
    await dismiss()
    await nextTick()
    expect([isOpen(), warning.text(), server.extended]).toEqual([false, '', 0])

    await fetchChanged({})
    expect(isOpen()).toBe(false)
  })

  it('opens again for another expiry', async () => {
    await press('Not now')
    await fetchChanged({ idle: MINIMUM - 1000 })
    expect(isOpen()).toBe(true)
  })
})

describe('before the absolute expiry, the warning', () => {
  beforeEach(() => mount())

  it.each([
    HOUR, MINIMUM + 1, MINIMUM,
  ])('says so and cannot extend the session, if the idle expiry is %d ms away', async (idle) => {
    await fetchChanged({ idle, absolute: MINIMUM })
    expect(isOpen()).toBe(true)
    const reason = 'because the session has reached its maximum length. Save your work.'
    expect(warning.text()).toContain(`You will be signed out in 20 seconds, ${reason}`)
    expect(buttons()).toEqual(['Not now'])
  })

  it('can extend the session if the idle expiry comes first', async () => {
    await fetchChanged({ idle: MINIMUM - 1, absolute: MINIMUM })
    expect(buttons()).toEqual(['Stay signed in', 'Not now'])
  })

  it('can be dismissed', async () => {
    await fetchChanged({ absolute: MINIMUM })
    await press('Not now')
    await nextTick()
    expect(isOpen()).toBe(false)
  })
})
