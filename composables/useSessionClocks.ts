import { useIntervalFn, useMounted } from '@vueuse/core'
import { clockOffset, isOver, readClocks } from './session/clocks'
import type { CounterState } from './session/state'

const TICK_MS = 500

/**
 * The server's clock, live in the browser, and the session's two clocks read against it.
 *
 * Until mounted it stands at `view.now`, so that the server's HTML and the first render here are the same.
 */
export function useSessionClocks(state: Readonly<Ref<CounterState>>) {
  const view = computed(() => state.value.view)
  const session = computed(() => state.value.last)

  const mounted = useMounted()
  const { isHydrating } = useNuxtApp()
  const offset = ref(0)
  const clientNow = ref(0)

  const now = computed(() => {
    const answered = view.value?.now ?? 0
    // Never before the last answer: between two ticks our clock lags behind a fresh one.
    return mounted.value ? Math.max(answered, clientNow.value + offset.value) : answered
  })
  /** Stand still when the session is over, at what was left then. */
  const clocks = computed(() => session.value && readClocks(session.value, state.value.endedAt ?? now.value))
  const ranOut = computed(() => state.value.phase === 'held' && session.value !== null && isOver(session.value, now.value))

  function setAnswered(serverNow: number, clientTime = Date.now()) {
    offset.value = clockOffset(serverNow, clientTime)
    clientNow.value = clientTime
  }

  watch(view, answer => answer && setAnswered(answer.now), { flush: 'sync' })
  onMounted(() => {
    if (view.value && isHydrating) setAnswered(view.value.now, Date.now() - documentAge())
    clientNow.value = Date.now()
  })
  useIntervalFn(() => {
    clientNow.value = Date.now()
  }, TICK_MS)

  return { now, clocks, ranOut }
}

/** Milliseconds since this page's HTML arrived: the answer in it is that old by the time we run. */
function documentAge(): number {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  return navigation?.responseStart ? performance.now() - navigation.responseStart : 0
}
