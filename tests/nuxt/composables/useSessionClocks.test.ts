import { mountSuspended } from '@nuxt/test-utils/runtime'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick, ref, type Ref } from 'vue'
import {
  initialState, withEndByYou, withSnapshot, withView, type CounterState,
} from '../../../composables/session/state'
import { useSessionClocks } from '../../../composables/useSessionClocks'
import { HOUR, NOW, sessionOf, viewOf } from '../support/views'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

/** The clocks of a browser whose own clock is `skew` off; the answer comes once they are mounted. */
async function clocksOf(skew: number) {
  vi.setSystemTime(NOW + skew)
  const state: Ref<CounterState> = ref(initialState())
  let read!: ReturnType<typeof useSessionClocks>
  await mountSuspended({
    setup() {
      read = useSessionClocks(state)
      return () => null
    },
  })
  state.value = withSnapshot(state.value, { kind: 'held', id: 'value-1', view: viewOf(), fresh: true })
  return { state, read }
}

it.each([-HOUR, 0, HOUR])('count down the server\'s time in a browser whose clock is %d ms off', async (skew) => {
  const { read } = await clocksOf(skew)

  expect(read.clocks.value?.idle.remaining).toBe(HOUR)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(read.clocks.value?.idle.remaining).toBe(HOUR - 10_000)
})

it.each([-HOUR, 0, HOUR])('run out on time and not before, %d ms off', async (skew) => {
  const { read } = await clocksOf(skew)

  await vi.advanceTimersByTimeAsync(HOUR - 500)
  expect(read.ranOut.value).toBe(false)
  await vi.advanceTimersByTimeAsync(500)
  expect(read.ranOut.value).toBe(true)
})

it('take the next answer\'s word, between two ticks as well', async () => {
  const { state, read } = await clocksOf(HOUR)
  await vi.advanceTimersByTimeAsync(750)
  const session = sessionOf({ idleExpiresAt: NOW + 5000 + HOUR })
  state.value = withView(state.value, viewOf({ now: NOW + 5000, session }))
  await nextTick()

  expect(read.clocks.value?.idle.remaining).toBe(HOUR)
})

it('stand still at what was left when the session ended, and cannot run out', async () => {
  const { state, read } = await clocksOf(0)
  await vi.advanceTimersByTimeAsync(1000)
  state.value = withEndByYou(state.value, read.now.value)
  await vi.advanceTimersByTimeAsync(2 * HOUR)

  expect(read.clocks.value?.idle.remaining).toBe(HOUR - 1000)
  expect(read.ranOut.value).toBe(false)
})
