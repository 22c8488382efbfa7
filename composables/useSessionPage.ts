import { useDocumentVisibility, useIntervalFn, useOnline, whenever } from '@vueuse/core'
import type { SessionDetails, SessionEndReason, UserSessionComposable } from '#cloakroom'
import { endingClock, expiryOf, readClocks } from '../utils/session-page/clocks'
import type { ClockName } from '../utils/session-page/clocks'

/**
 * - `loading`: no value is known yet, and a response is pending
 * - `active`: the server holds a session for this browser, with a value
 * - `ended`: there was a session, and there is none now; or the browser did not send the cookie back
 * - `unknown`: there is no value, and the last request failed; no session has been lost or ended by that
 */
export type Phase = 'loading' | 'active' | 'ended' | 'unknown'

/**
 * Why there is no session any more. An expired one has reached one of its timeouts; `here`: it was signed out in this
 * tab; `not_started`: the server has begun one, and the browser did not send its cookie.
 */
export type EndCause = ClockName | 'here' | 'not_started' | Exclude<SessionEndReason, 'expired'>

/** `stale`: the session could not be refreshed. `error`: the server responded, but not with a value. */
export type Outage = 'offline' | 'store' | 'unreachable' | 'stale' | 'error'

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
  readonly status: Readonly<Ref<string>>
  readonly error: Readonly<Ref<{ data?: unknown } | undefined>>
  readonly refresh: () => Promise<void>
}

const RETRY_INTERVAL_MS = 5000

/** What the page `/` shows of the session, derived from `useUserSession()` and the request for the value. */
export function useSessionPage(userSession: UserSessionComposable, request: ValueRequest) {
  const { session, details, ready, ended, stale, now, fetch, onEnded } = userSession
  const { createdId, status, error, refresh } = request
  const { last, endedAt } = useLastSession(userSession)
  const endedHere = ref(false)
  /** Why the last step got no result. */
  const stepOutage = ref<'store' | 'unreachable' | null>(null)
  const online = useOnline()

  onEnded((_, { here }) => {
    endedHere.value = here
    void fetch() // Only a request shows what the browser still holds.
  })

  // A session that has just replaced another, for example after signing in, has no value for a moment.
  const lastValue = ref(session.value?.value)
  watch(() => session.value?.value, (latest) => {
    if (latest !== undefined || !details.value) lastValue.value = latest
  }, { flush: 'sync' })
  const value = computed(() => details.value ? session.value?.value ?? lastValue.value : undefined)

  const phase = computed((): Phase => {
    if (value.value !== undefined) return 'active'
    if (endedAt.value !== null) return 'ended'
    if (stale.value || error.value) return 'unknown'
    return status.value === 'success' && ready.value && !details.value ? 'ended' : 'loading'
  })
  // A value that came in another way makes the error obsolete, but not before a pending request has a result.
  const lacksValue = computed(() => phase.value !== 'active' || status.value === 'pending')
  const isDisconnected = computed(() => stale.value || (Boolean(error.value) && lacksValue.value))
  const outage = computed((): Outage | null => {
    if (!isDisconnected.value && !stepOutage.value) return null
    if (!online.value) return 'offline'
    if (stepOutage.value) return stepOutage.value
    if (codeOf(error.value) === 'store_unavailable') return 'store'
    if (stale.value) return 'stale'
    return error.value?.data ? 'error' : 'unreachable'
  })
  const endCause = computed((): EndCause | null => {
    if (phase.value !== 'ended') return null
    if (!last.value) return 'not_started'
    if (endedHere.value) return 'here'
    const reason = ended.value ?? 'unknown'
    return reason === 'expired' ? endingClock(last.value) : reason
  })
  const state = computed((): SessionPageState => ({
    phase: phase.value,
    outage: outage.value,
    endCause: endCause.value,
    last: last.value,
    isFirstVisit: last.value !== null && createdId.value === last.value.id,
  }))

  whenever(() => details.value !== null && session.value?.value === undefined, () => refresh())
  watch(stale, (isStale) => {
    if (isStale) return
    stepOutage.value = null
    if (phase.value === 'unknown') void refresh()
  })
  retryWhile(() => phase.value === 'unknown' && !stale.value, refresh)

  const clocks = computed(() => last.value && readClocks(last.value, endedAt.value ?? now.value))

  return { state, value, clocks, isDisconnected, stepOutage }
}

/** The session as last seen, and when it ended, on the server's clock. */
function useLastSession({ details, ended, now }: UserSessionComposable) {
  const last = shallowRef(details.value)
  const endedAt = ref<number | null>(null)
  watch(details, (latest) => {
    if (latest) endedAt.value = null
    // The page's estimate of the server's clock may be a little behind.
    else endedAt.value = ended.value === 'expired' && last.value ? Math.max(now.value, expiryOf(last.value)) : now.value
    last.value = latest ?? last.value
  }, { flush: 'sync' })
  return { last, endedAt }
}

/** The module retries what it reads, with back-off. This is for a store that can be read but not written. */
function retryWhile(isNeeded: () => boolean, retry: () => Promise<void>) {
  onMounted(() => {
    const online = useOnline()
    const visibility = useDocumentVisibility()
    const retries = useIntervalFn(retry, RETRY_INTERVAL_MS, { immediate: false })
    watch(() => isNeeded() && online.value && visibility.value === 'visible', (needed) => {
      if (needed) retries.resume()
      else retries.pause()
    }, { immediate: true })
  })
}

function codeOf(error: { data?: unknown } | undefined): string | undefined {
  const { data } = (error?.data ?? {}) as { data?: { code?: string } }
  return data?.code
}
