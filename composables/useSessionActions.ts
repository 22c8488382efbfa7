import type { UserSessionComposable } from '#cloakroom'
import { failureOf } from '../utils/session-page/call-failure'
import * as notices from '../utils/session-page/notices'
import type { useCallLog } from './useCallLog'
import type { Phase, useSessionPage, ValueRequest } from './useSessionPage'

/** What the visitor can do. */
export type Step = 'send' | 'renew' | 'restore' | 'extend' | 'end' | 'start'

/** What is in progress. */
export type Action = Step | 'retry'

/** `missed`: an outage left the step without a result. `null`: the page shows the result by itself. */
type Outcome = notices.Notice | 'missed' | null

interface ActionsContext {
  readonly userSession: UserSessionComposable
  readonly request: ValueRequest
  readonly page: ReturnType<typeof useSessionPage>
  /** Options for `$fetch`. */
  readonly recorded: ReturnType<typeof useCallLog>['recorded']
}

/** All that the visitor can do with the session: one step at a time, each with a result to show. */
export function useSessionActions({ userSession, request, page, recorded }: ActionsContext) {
  const { details, stale, fetch, extend, clear } = userSession
  const { state, value, stepOutage } = page
  const busy = ref<Action | null>(null)
  const draft = useDraft(value)
  const { result, missed, unfinished, notice } = useNotice(page)

  const steps: Record<Step, () => Promise<Outcome>> = {
    async send() {
      await $fetch<unknown>('/api/session', { ...recorded, method: 'POST', body: { session: draft.value } })
      await refreshAfter()
      return notices.SUCCESS
    },
    async renew() {
      const { id } = await $fetch('/api/session', { ...recorded, method: 'PUT' })
      await refreshAfter()
      draft.value = id
      return notices.RENEWED
    },
    async restore() {
      await fetch()
      if (stale.value) return 'missed'
      draft.value = value.value ?? ''
      return state.value.phase === 'active' ? notices.RESTORED : null
    },
    async extend() {
      if (await extend()) return notices.EXTENDED
      return stale.value ? 'missed' : null
    },
    async end() {
      await clear()
      return null
    },
    async start() {
      await request.refresh()
      if (request.error.value) return 'missed'
      return details.value && notices.STARTED
    },
  }

  async function act(action: Action, step: Step | null) {
    if (busy.value !== null) return
    busy.value = action
    // The result of the call before is out of date, but the two buttons in the notice leave it there until they finish.
    if (action !== 'restore' && action !== 'retry') forget()
    try {
      const outcome = await (step === null ? reconnect() : steps[step]()).catch(error => explain(error, step))
      unfinished.value = outcome === 'missed' ? step : null
      if (outcome !== 'missed') stepOutage.value = null
      result.value = outcome === 'missed' ? null : outcome
    }
    finally {
      busy.value = null
    }
  }

  /** An error may itself be the result: the value does not match, or the session has ended. */
  async function explain(error: unknown, step: Step | null): Promise<Outcome> {
    const failure = failureOf(error)
    if (failure.code === 'mismatch') {
      await refreshAfter()
      return notices.MISMATCH
    }
    if (failure.code === 'store_unavailable' || failure.code === 'unreachable') {
      stepOutage.value = failure.code === 'store_unavailable' ? 'store' : 'unreachable'
      if (step !== 'end') void findOutage() // `clear` has refreshed the session.
      return 'missed'
    }
    if (failure.code === 'no_session') await fetch()
    return details.value && notices.refusalNotice(failure)
  }

  /** Starts the module's retries. A store that can be read may still refuse to write, so only a step ends that. */
  async function findOutage() {
    await fetch()
    if (!stale.value && stepOutage.value === 'unreachable') stepOutage.value = null
  }

  /** Refreshes the session after a call, which may have moved the idle clock. Waits only if that can end an outage. */
  async function refreshAfter() {
    const refreshed = fetch()
    if (stale.value) await refreshed
  }

  async function reconnect(): Promise<Outcome> {
    await fetch()
    if (!stale.value && state.value.phase === 'unknown') await request.refresh()
    return result.value
  }

  /** An edit makes the result, and the step that could be repeated, obsolete. */
  function forget() {
    result.value = null
    unfinished.value = null
    stepOutage.value = null
  }

  return {
    draft,
    busy,
    notice,
    send: () => act('send', 'send'),
    renew: () => act('renew', 'renew'),
    restore: () => act('restore', 'restore'),
    extend: () => act('extend', 'extend'),
    end: () => act('end', 'end'),
    start: () => act('start', 'start'),
    retry: () => act('retry', missed.value),
    edited: forget,
  }
}

/** What the input has: the session's value, until the visitor changes it. Empty after the session's end. */
function useDraft(value: Readonly<Ref<string | undefined>>) {
  const draft = ref(value.value ?? '')
  watch(value, (latest, before = '') => {
    if (latest === undefined || draft.value === before) draft.value = latest ?? ''
  })
  return draft
}

/** What the page says about the last step, or about an outage. */
function useNotice({ state, isDisconnected }: ReturnType<typeof useSessionPage>) {
  const result = ref<notices.Notice | null>(null)
  const unfinished = ref<Step | null>(null)
  /** The last step, if an outage left it without a result and it can still be repeated. */
  const missed = computed(() =>
    unfinished.value !== null && isPossible(unfinished.value, state.value.phase) ? unfinished.value : null,
  )
  const notice = computed(() => {
    if (state.value.outage !== null) return notices.outageNotice(state.value.outage, missed.value)
    return missed.value === null ? result.value : notices.missedNotice(missed.value)
  })

  let wasKnown = state.value.last !== null
  // Sync, so that the result of a step that ends the outage replaces this one.
  watch(isDisconnected, (disconnected) => {
    if (disconnected) wasKnown = state.value.last !== null
    else result.value = notices.recoveredNotice(state.value, { hasStarted: !wasKnown && state.value.isFirstVisit })
  }, { flush: 'sync' })
  watch(() => state.value.phase, (phase) => {
    if (phase === 'ended') result.value = null
  })

  return { result, unfinished, missed, notice }
}

/** `start` needs a session that has ended, and the other steps need an active one. */
function isPossible(step: Step, phase: Phase): boolean {
  return phase === (step === 'start' ? 'ended' : 'active')
}
