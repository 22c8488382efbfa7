import { useIntervalFn, useOnline, whenever } from '@vueuse/core'
import type { SessionDetails, SessionEndReason, UserSessionComposable } from '#cloakroom'
import { endingClock, readClocks } from '../utils/session-page/clocks'
import type { ClockName } from '../utils/session-page/clocks'

/**
 * - `loading`: nothing is known yet, a response is pending
 * - `active`: the server holds a session for this browser
 * - `ended`: there was one, and there is none now
 * - `unknown`: the server could not be asked; the session has neither been lost nor ended
 */
export type Phase = 'loading' | 'active' | 'ended' | 'unknown'

/** Why the session ended. An expired one has reached one of its timeouts; `here`: it was signed out in this tab. */
export type EndCause = ClockName | 'here' | Exclude<SessionEndReason, 'expired'>

/** `error`: the server responded, but not with a value. */
export type Outage = 'offline' | 'store' | 'unreachable' | 'error'

export interface SessionPageState {
  readonly phase: Phase
  readonly outage: Outage | null
  readonly endCause: EndCause | null
  /** The session as last seen; it stays after the end. */
  readonly last: SessionDetails | null
  /** The session was created by this visit. */
  readonly isFirstVisit: boolean
}

/** The page's request for the value, which creates the session on a first visit. */
export interface ValueRequest {
  /** The session that the request created. */
  readonly createdId: Readonly<Ref<string | null | undefined>>
  readonly error: Readonly<Ref<{ data?: unknown } | undefined>>
  readonly refresh: () => Promise<void>
}

const RETRY_INTERVAL_MS = 5000

/** What the page `/` shows of the session, derived from `useUserSession()` and the request for the value. */
export function useSessionPage(userSession: UserSessionComposable, { createdId, error, refresh }: ValueRequest) {
  const { session, details, ended, stale, now, fetch, onEnded } = userSession
  const value = computed(() => session.value?.value)
  const last = shallowRef(details.value)
  const endedAt = ref<number | null>(null)
  const endedHere = ref(false)
  const isStoreDown = ref(false)
  const online = useOnline()

  watch(details, (latest) => {
    last.value = latest ?? last.value
    endedAt.value = latest ? null : now.value
  }, { flush: 'sync' })
  onEnded((_, { here }) => {
    endedHere.value = here
    void fetch() // What the browser still holds, only a request shows.
  })

  const phase = computed((): Phase => {
    if (details.value && value.value !== undefined) return 'active'
    if (endedAt.value !== null) return 'ended'
    return stale.value || error.value ? 'unknown' : 'loading'
  })
  const outage = computed((): Outage | null => {
    if (!stale.value && !error.value) return null
    if (!online.value) return 'offline'
    if (isStoreDown.value || codeOf(error.value) === 'store_unavailable') return 'store'
    return stale.value || !error.value?.data ? 'unreachable' : 'error'
  })
  const endCause = computed((): EndCause | null => {
    if (phase.value !== 'ended') return null
    if (endedHere.value) return 'here'
    const reason = ended.value ?? 'unknown'
    if (reason !== 'expired') return reason
    return last.value && endingClock(last.value)
  })
  const state = computed((): SessionPageState => ({
    phase: phase.value,
    outage: outage.value,
    endCause: endCause.value,
    last: last.value,
    isFirstVisit: last.value !== null && createdId.value === last.value.id,
  }))

  // For example after another user has signed in: the value belongs to the session.
  whenever(() => details.value !== null && value.value === undefined, () => refresh())
  watch(stale, (isStale) => {
    if (isStale) return
    isStoreDown.value = false
    if (error.value) void refresh()
  })
  // The module retries what it reads. A store that only refuses to write is the page's own concern.
  onMounted(() => {
    const retries = useIntervalFn(refresh, RETRY_INTERVAL_MS, { immediate: false })
    watch(error, failed => failed ? retries.resume() : retries.pause(), { immediate: true })
  })

  /** They stop when the session ends, at what was left then. */
  const clocks = computed(() => last.value && readClocks(last.value, endedAt.value ?? now.value))

  return { state, value, clocks, isStoreDown }
}

function codeOf(error: { data?: unknown } | undefined): string | undefined {
  const { data } = (error?.data ?? {}) as { data?: { code?: string } }
  return data?.code
}
