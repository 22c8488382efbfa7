import { useIntervalFn } from '@vueuse/core'
import { computed, ref, watch } from 'vue'
import type { Ref } from 'vue'
import { useNuxtApp } from '#imports'

const TICK_MS = 500

/**
 * The server's clock, running in the browser, whatever the browser's own clock says.
 *
 * The answer's way here is not subtracted, so the server is at most that much ahead of it: what ends by this clock has ended there already.
 *
 * @param answer the last answer that has the server's time in it, in milliseconds since the epoch
 * @param live until then the clock stands at that time, so that the server's HTML and the first render here are the same
 */
export function useServerClock(answer: Readonly<Ref<{ now: number } | null>>, live: Readonly<Ref<boolean>>) {
  const { isHydrating } = useNuxtApp()
  const offset = ref(0)
  const clientNow = ref(0)
  const now = computed(() => {
    const answered = answer.value?.now ?? 0
    // Never before the last answer: between two ticks our clock lags behind a fresh one.
    return live.value ? Math.max(answered, clientNow.value + offset.value) : answered
  })

  function setAnswered(serverNow: number, clientTime = Date.now()) {
    offset.value = serverNow - clientTime
    clientNow.value = clientTime
  }

  watch(answer, latest => latest && setAnswered(latest.now), { flush: 'sync', immediate: !isHydrating })
  watch(live, () => {
    if (answer.value && isHydrating) setAnswered(answer.value.now, Date.now() - documentAge())
    clientNow.value = Date.now()
  }, { flush: 'sync' })
  useIntervalFn(() => {
    clientNow.value = Date.now()
  }, TICK_MS)

  return now
}

/** Milliseconds since this page's HTML arrived: the answer in it is that old by the time we run. */
function documentAge(): number {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  return navigation?.responseStart ? performance.now() - navigation.responseStart : 0
}
