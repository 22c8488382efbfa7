import { mountSuspended } from '@nuxt/test-utils/runtime'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTick, ref, type Ref } from 'vue'
import { retryDelay, useRetry } from '../../../composables/useRetry'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

async function retrying(needed: Ref<boolean>, retryAfter: number | null = null) {
  const attempt = vi.fn(async () => {})
  let retry!: ReturnType<typeof useRetry>
  const wrapper = await mountSuspended({
    setup() {
      retry = useRetry(needed, () => retryAfter, attempt)
      return () => null
    },
  })
  return { attempt, retry, wrapper }
}

it.each([
  [0, null, 2],
  [1, null, 4],
  [3, null, 16],
  [9, null, 30],
  [0, 5, 5],
  [2, 5, 8],
  [0, 120, 120],
])('try %d after Retry-After %s waits %d s', (attempt, retryAfter, seconds) => {
  expect(retryDelay(attempt, retryAfter)).toBe(seconds)
})

it('tries when the server said so, not a second before, and then ever more slowly', async () => {
  const { attempt, retry } = await retrying(ref(true), 3)

  expect(retry.secondsLeft.value).toBe(3)
  await vi.advanceTimersByTimeAsync(2999)
  expect(attempt).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(attempt).toHaveBeenCalledTimes(1)
  expect(retry.secondsLeft.value).toBe(4)
})

it('stops when it is no longer needed', async () => {
  const needed = ref(true)
  const { attempt, retry } = await retrying(needed)
  needed.value = false
  await nextTick()
  await vi.advanceTimersByTimeAsync(60_000)

  expect(attempt).not.toHaveBeenCalled()
  expect(retry.secondsLeft.value).toBeNull()
})

it('stops when the page is left', async () => {
  const { attempt, wrapper } = await retrying(ref(true))
  wrapper.unmount()
  await vi.advanceTimersByTimeAsync(60_000)

  expect(attempt).not.toHaveBeenCalled()
})
