import type { UserSessionComposable } from '#cloakroom'
import { failureOf } from '../utils/session-page/call-failure'
import * as notices from '../utils/session-page/notices'
import type { useCallLog } from './useCallLog'
import type { useSessionPage, ValueRequest } from './useSessionPage'

/** What the visitor can do. */
export type Step = 'send' | 'renew' | 'restore' | 'extend' | 'end' | 'start'

/** What is in progress. */
export type Action = Step | 'retry'

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
  const { state, value, isStoreDown } = page
  const busy = ref<Action | null>(null)
  const draft = ref(value.value ?? '')
  const result = ref<notices.Notice | null>(null)
  const unfinished = ref<Step | null>(null)
  /** The last step, if an outage left it without a result and it can still be repeated. */
  const missed = computed(() =>
    unfinished.value !== null && isPossible(unfinished.value) ? unfinished.value : null,
  )
  const notice = computed(() => {
    if (state.value.outage !== null) return notices.outageNotice(state.value.outage, missed.value)
    return missed.value === null ? result.value : notices.missedNotice(missed.value)
  })

  // A draft that the visitor has not changed follows the session's value.
  watch(value, (latest, before = '') => {
    if (latest === undefined || draft.value === before) draft.value = latest ?? ''
  })
  // Sync, so that the result of a step that ends the outage replaces this one.
  watch(() => state.value.outage, (outage) => {
    if (outage === null) result.value = notices.recoveredNotice(state.value)
  }, { flush: 'sync' })
  watch(() => state.value.phase, (phase) => {
    if (phase === 'ended') result.value = null
  })

  /** `start` needs a session that has ended, and the other steps need an active one. */
  function isPossible(step: Step): boolean {
    return state.value.phase === (step === 'start' ? 'ended' : 'active')
  }

  const steps: Record<Step, () => Promise<notices.Notice | null>> = {
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
      draft.value = value.value ?? ''
      return stale.value ? null : notices.RESTORED
    },
    async extend() {
      return await extend() ? notices.EXTENDED : null
    },
    async end() {
      await clear()
      return null
    },
    async start() {
      await request.refresh()
      return request.error.value ? null : notices.STARTED
    },
  }

  async function act(action: Action, step: Step | null) {
    if (busy.value !== null) return
    busy.value = action
    let isMissed = false
    // The result of the call before is out of date, but the two buttons in the notice leave it there until they finish.
    if (action !== 'restore' && action !== 'retry') forget()
    try {
      result.value = await (step === null ? reconnect() : steps[step]()).catch(explain)
      unfinished.value = isMissed || (result.value === null && stale.value) ? step : null
    }
    finally {
      busy.value = null
    }

    /** An error may itself be the result: the value does not match, or the session has ended. */
    async function explain(error: unknown) {
      const failure = failureOf(error)
      if (failure.code === 'mismatch') {
        await refreshAfter()
        return notices.MISMATCH
      }
      isMissed = failure.code === 'store_unavailable' || failure.code === 'unreachable'
      isStoreDown.value = failure.code === 'store_unavailable'
      if (isMissed || failure.code === 'no_session') await fetch()
      return isMissed || !details.value ? null : notices.refusalNotice(failure)
    }
  }

  /** Refreshes the session after a call, which may have moved the idle clock. Waits only if that can end an outage. */
  async function refreshAfter() {
    const refreshed = fetch()
    if (stale.value) await refreshed
  }

  async function reconnect() {
    await fetch()
    if (!stale.value && request.error.value) await request.refresh()
    return result.value
  }

  /** An edit makes the result, and the step that could be repeated, obsolete. */
  function forget() {
    result.value = null
    unfinished.value = null
  }

  return {
    draft,
    busy,
    notice,
    missed,
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
