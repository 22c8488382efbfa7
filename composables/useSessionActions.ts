import { failureOf, type SessionApi } from './session/api'
import * as notices from './session/notices'
import { allows, withAnswer, withEndByYou, withFailure, withValue, withView, type Step } from './session/state'

/** What the visitor has asked for and now waits on. */
export type Action = Step | 'retry'

interface Surroundings {
  told: Ref<notices.Notice | null>
  now: Readonly<Ref<number>>
  tellTabs: ReturnType<typeof useTabSignal>
  tryNow: () => Promise<unknown>
}

/** All that the visitor can do with the session: one thing at a time, each with a result to tell. */
export function useSessionActions(
  api: SessionApi,
  known: ReturnType<typeof useSessionState>,
  { told, now, tellTabs, tryNow }: Surroundings,
) {
  const { state, draft, adopt, load, look, outdate } = known
  const busy = ref<Action | null>(null)
  const unanswered = ref<Step | null>(null)
  /** The last step, if an outage kept its result from us and it can still be tried again. */
  const missed = computed(() =>
    unanswered.value !== null && allows(state.value, unanswered.value) ? unanswered.value : null,
  )

  const works: Record<Step, () => Promise<notices.Notice | null>> = {
    send,
    renew,
    extend,
    end,
    start,
    restore: () => reload(notices.RESTORED),
  }

  /** Without a step, it asks how things stand. */
  async function act(action: Action, step: Step | null) {
    if (busy.value !== null) return
    outdate()
    busy.value = action
    // A result is about the call before. The two that are started from the notice itself leave it in place meanwhile.
    if (action !== 'restore' && action !== 'retry') forget()
    try {
      told.value = await (step === null ? ask() : works[step]()).catch(explain)
      unanswered.value = state.value.trouble === null ? null : step
    }
    finally {
      busy.value = null
    }
  }

  /** A refusal may itself be the answer: a mismatch is a result, and without a session the page has to change. */
  async function explain(error: unknown) {
    const failure = failureOf(error)
    if (failure.code === 'mismatch') {
      state.value = withAnswer(state.value)
      void look()
      return notices.MISMATCH
    }
    if (failure.code === 'no_session') {
      await look()
      if (state.value.phase === 'over') return null
    }
    state.value = withFailure(state.value, failure)
    return notices.refusalNotice(failure)
  }

  /** Brings the value afresh, in place of whatever stands in the input. */
  async function reload(done: notices.Notice) {
    const failure = await load()
    if (failure !== null) return notices.refusalNotice(failure)
    draft.value = state.value.value
    return done
  }

  async function send() {
    await api.check(draft.value)
    state.value = withAnswer(state.value)
    void look()
    return notices.SUCCESS
  }

  async function renew() {
    const { id } = await api.renew()
    state.value = withValue(state.value, id)
    draft.value = id
    tellTabs('changed')
    void look()
    return notices.RENEWED
  }

  async function extend() {
    adopt(withView(state.value, await api.extend()))
    return notices.EXTENDED
  }

  async function end() {
    await api.end()
    state.value = withEndByYou(state.value, now.value)
    tellTabs('ended')
    void look()
    return null
  }

  async function start() {
    const result = await reload(notices.STARTED)
    if (result === notices.STARTED) tellTabs('changed')
    return result
  }

  async function ask() {
    await tryNow()
    return told.value
  }

  /** A result is about what was sent: it goes when that is edited, and so does what waits to be tried again. */
  function forget() {
    told.value = null
    unanswered.value = null
  }

  return {
    busy,
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
