import { useMounted } from '@vueuse/core'
import { useServerClock } from '../packages/nuxt-cloakroom/src/runtime/app/session/server-clock'
import { isOver, readClocks } from './session/clocks'
import type { CounterState } from './session/state'

/**
 * The server's clock, live in the browser, and the session's two clocks read against it.
 *
 * Until mounted it stands at `view.now`, so that the server's HTML and the first render here are the same.
 */
export function useSessionClocks(state: Readonly<Ref<CounterState>>) {
  const view = computed(() => state.value.view)
  const session = computed(() => state.value.last)

  const now = useServerClock(view, useMounted())
  /** Stand still when the session is over, at what was left then. */
  const clocks = computed(() => session.value && readClocks(session.value, state.value.endedAt ?? now.value))
  const ranOut = computed(
    () => state.value.phase === 'held' && session.value !== null && isOver(session.value, now.value),
  )

  return { now, clocks, ranOut }
}
