import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { flushPromises } from '@vue/test-utils'
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { SessionExpiryWarning } from '#components'
import { useUserSession } from '#imports'
import { HOUR, NOW, sessionOf, viewOf } from '../support/views'
import { eventually } from '../../support/eventually'

const LEAST = 20_000
const USUAL = 60_000

const server = { owner: 'ada' as string | null, idle: HOUR, absolute: 2 * HOUR, extended: 0 }

function view(): SessionView {
  const ends = { idleExpiresAt: NOW + server.idle, expiresAt: NOW + server.absolute }
  return viewOf({ status: server.owner ? 'signed-in' : 'anonymous', session: sessionOf({ handle: 'h1', owner: server.owner, ...ends }), data: { id: 'h1' }, now: NOW })
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

/** The server's word on how long is left on its two clocks, by a browser's clock that stands still. */
async function learn(left: Partial<typeof server>) {
  Object.assign(server, left)
  await useUserSession().fetch()
  await nextTick()
  await nextTick()
}

const isOpen = () => (warning.element as HTMLDialogElement).open
const buttons = () => warning.findAll('button').map(button => button.text())
const press = (label: string) => warning.findAll('button').find(button => button.text() === label)!.trigger('click')

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW })
  await learn({ owner: 'ada', idle: HOUR, absolute: 2 * HOUR, extended: 0 })
})

afterEach(() => {
  warning.unmount()
  vi.useRealTimers()
})

describe('when it warns', () => {
  it.each([
    { before: undefined, from: USUAL },
    { before: 5 * USUAL, from: 5 * USUAL },
    { before: LEAST, from: LEAST },
    { before: LEAST - 1, from: LEAST },
    { before: 0, from: LEAST },
  ])('begins $from ms before the end if it is to begin at $before', async ({ before, from }) => {
    await mount(before)
    await learn({ idle: from + 1 })
    expect([isOpen(), warning.text()]).toEqual([false, ''])

    await learn({ idle: from })
    expect(isOpen()).toBe(true)
    expect(warning.text()).toContain(`You will be signed out in ${from / 1000} seconds.`)
  })

  it('leaves in peace whoever is not signed in', async () => {
    await mount()
    await learn({ owner: null, idle: LEAST })
    expect([isOpen(), warning.text()]).toEqual([false, ''])
  })
})

describe('an end that can be put off', () => {
  beforeEach(async () => {
    await mount()
    await learn({ idle: LEAST })
  })

  it('is put off with one press, and the warning goes', async () => {
    await press('Stay signed in')
    await eventually(() => expect(isOpen()).toBe(false))
    await flushPromises()
    expect([server.extended, warning.text()]).toEqual([1, ''])
  })

  it.each([
    ['“Not now”', () => press('Not now')],
    ['Escape', () => warning.trigger('cancel')],
  ])('is accepted with %s: nothing is asked of the server, and of that end nobody is warned again', async (_, dismiss) => {
    await dismiss()
    await nextTick()
    expect([isOpen(), warning.text(), server.extended]).toEqual([false, '', 0])

    await learn({})
    expect(isOpen()).toBe(false)
  })

  it('is warned of again once it is another', async () => {
    await press('Not now')
    await learn({ idle: LEAST - 1000 })
    expect(isOpen()).toBe(true)
  })
})

describe('the end that nothing puts off', () => {
  beforeEach(() => mount())

  it.each([HOUR, LEAST + 1, LEAST])('is told as such, and offers no more time, with %d ms left on the idle clock', async (idle) => {
    await learn({ idle, absolute: LEAST })
    expect(isOpen()).toBe(true)
    expect(warning.text()).toContain('You will be signed out in 20 seconds, after the longest time that a session may last.')
    expect(buttons()).toEqual(['Not now'])
  })

  it('is not told of a session whose idle clock runs out before', async () => {
    await learn({ idle: LEAST - 1, absolute: LEAST })
    expect(buttons()).toEqual(['Stay signed in', 'Not now'])
  })

  it('can be accepted', async () => {
    await learn({ absolute: LEAST })
    await press('Not now')
    await nextTick()
    expect(isOpen()).toBe(false)
  })
})
