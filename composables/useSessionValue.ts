import { useOnline } from '@vueuse/core'
import { createSessionApi } from './session/api'
import * as notices from './session/notices'
import type { Snapshot } from './session/state'

/** The page's session: what is known of it, kept in step with the server, and all that the visitor can do with it. */
export function useSessionValue(snapshot: Readonly<Ref<Snapshot | null | undefined>>) {
  const { calls, report } = useCallLog()
  const api = createSessionApi($fetch, report)
  const online = useOnline()
  const known = useSessionState(api, snapshot)
  const { state, draft, load, look } = known

  const told = ref<notices.Notice | null>(null)
  const { now, clocks, ranOut } = useSessionClocks(state)
  const retry = useRetry(
    computed(() => state.value.trouble !== null),
    () => state.value.trouble?.retryAfterSeconds ?? null,
    refresh,
  )
  const tellTabs = useTabSignal(signal => (signal === 'ended' ? look() : load()))
  const actions = useSessionActions(api, known, { told, now, tellTabs, tryNow: retry.tryNow })

  const notice = computed(() => {
    const missed = actions.missed.value
    if (state.value.trouble !== null) return notices.troubleNotice(state.value.trouble, online.value, missed)
    return missed === null ? told.value : notices.missedNotice(missed)
  })

  // At once, so that the result of the very step that got through takes its place.
  watch(
    () => state.value.trouble,
    (trouble, before) => {
      if (trouble === null && before !== null)
        told.value = state.value.phase === 'held' ? notices.recoveredNotice(state.value.fresh) : null
    },
    { flush: 'sync' },
  )
  // Told at once, whoever has ended it. What this page does itself, it knows.
  const { session, onEnded, fetch } = useUserSession()
  onEnded(() => void (actions.busy.value === null && look()))
  // A page's first call may make the session, after the page's own view of it was taken.
  onMounted(() =>
    watch(
      () => state.value.last?.id,
      handle => handle !== undefined && handle !== session.value?.id && fetch(),
      { immediate: true },
    ),
  )
  watch(ranOut, isOver => isOver && look())
  watch(online, refresh)
  useReturn(refresh)

  function refresh(): Promise<unknown> {
    return state.value.phase === 'unknown' ? load() : look()
  }

  return { state, draft, notice, now, clocks, calls, retryIn: retry.secondsLeft, ...actions }
}
