import { useIntervalFn } from '@vueuse/core'

const FIRST_SECONDS = 2
const MAX_SECONDS = 30

/** How long to wait before try number `attempt` (from 0): what the server asked for, or more, doubling. */
export function retryDelay(attempt: number, retryAfterSeconds: number | null): number {
  const backoff = Math.min(MAX_SECONDS, FIRST_SECONDS * 2 ** attempt)
  return Math.max(backoff, retryAfterSeconds ?? 0)
}

/**
 * Calls `attempt` again and again, ever more slowly, for as long as `needed` says so.
 * `secondsLeft` counts down to the next try; `null` while nothing is planned or a try is under way.
 */
export function useRetry(
  needed: Readonly<Ref<boolean>>,
  retryAfterSeconds: () => number | null,
  attempt: () => Promise<unknown>,
) {
  const secondsLeft = ref<number | null>(null)
  let attempts = 0

  const countdown = useIntervalFn(
    () => {
      if (secondsLeft.value === null) return
      secondsLeft.value -= 1
      if (secondsLeft.value <= 0) void tryNow()
    },
    1000,
    { immediate: false },
  )

  function plan() {
    secondsLeft.value = retryDelay(attempts++, retryAfterSeconds())
    countdown.resume()
  }

  function stop() {
    countdown.pause()
    secondsLeft.value = null
  }

  async function tryNow() {
    stop()
    await attempt()
    if (needed.value) plan()
  }

  function start() {
    attempts = 0
    if (needed.value) plan()
    else stop()
  }

  onMounted(start)
  watch(needed, start)

  return { secondsLeft, tryNow }
}
