import { useIntervalFn } from '@vueuse/core'
import { computed, ref, watch } from 'vue'
import type { Ref } from 'vue'
import { useNuxtApp } from '#imports'
import { isHydratingPage } from './hydration'

const TICK_INTERVAL_MS = 500

/**
 * The server's clock, running in the browser, whatever the browser's own clock says.
 *
 * The response's travel time is not subtracted, so the server is at most that much ahead: what expires by this clock
 * has expired on the server already.
 *
 * @param response the last response that contains the server's time, in milliseconds since the epoch
 * @param isLive until then the clock stands still, so that the server's HTML and the first render here are the same
 */
export function useServerClock(
  response: Readonly<Ref<{ now: number } | null>>,
  isLive: Readonly<Ref<boolean>>,
) {
  const isHydrating = isHydratingPage(useNuxtApp())
  const offset = ref(0)
  const clientNow = ref(0)
  const now = computed(() => {
    const serverNow = response.value?.now ?? 0
    // Never before the last response: between two ticks the clock is behind a new one.
    return isLive.value ? Math.max(serverNow, clientNow.value + offset.value) : serverNow
  })

  function setTime(serverNow: number, clientTime = Date.now()) {
    offset.value = serverNow - clientTime
    clientNow.value = clientTime
  }

  watch(response, latest => latest && setTime(latest.now), { flush: 'sync', immediate: !isHydrating })
  watch(isLive, () => {
    if (response.value && isHydrating) setTime(response.value.now, Date.now() - documentAge())
    clientNow.value = Date.now()
  }, { flush: 'sync' })
  useIntervalFn(() => {
    clientNow.value = Date.now()
  }, TICK_INTERVAL_MS)

  return now
}

/** Milliseconds since this page's HTML arrived: the age of the response in it when the scripts run. */
function documentAge(): number {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  return navigation?.responseStart ? performance.now() - navigation.responseStart : 0
}
