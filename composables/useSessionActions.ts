import { failureOf, type SessionApi } from './session/api'
import * as notices from './session/notices'
import { withEndByYou, withFailure, withValue, withView } from './session/state'

/** What the visitor has asked for and now waits on. */
export type Action = 'send' | 'renew' | 'restore' | 'extend' | 'end' | 'start' | 'retry'

interface Surroundings {
  told: Ref<notices.Notice | null>
  now: Readonly<Ref<number>>
  tellTabs: ReturnType<typeof useTabSignal>
  tryNow: () => Promise<void>
}

/** All that the visitor can do with the session: one thing at a time, each with a result to tell. */
export function useSessionActions(api: SessionApi, known: ReturnType<typeof useSessionState>, { told, now, tellTabs, tryNow }: Surroundings) {
  const { state, draft, adopt, load, look, outdate } = known
  const busy = ref<Action | null>(null)
  const blocked = computed(() => state.value.trouble?.kind === 'unreachable')

  async function act(action: Action, work: () => Promise<notices.Notice | null>) {
    if (busy.value !== null || (blocked.value && action !== 'retry')) return
    outdate()
    busy.value = action
    // A result is about the call before. The two that are started from the notice itself leave it in place meanwhile.
    if (action !== 'restore' && action !== 'retry') told.value = null
    try {
      told.value = await work().catch(explain)
    }
    finally {
      busy.value = null
    }
  }

  /** A refusal may itself be the answer: a mismatch is a result, and without a session the page has to change. */
  async function explain(error: unknown) {
    const failure = failureOf(error)
    if (failure.code === 'mismatch') {
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
    await load()
    if (state.value.trouble !== null) return null
    draft.value = state.value.value
    return done
  }

  async function send() {
    await api.check(draft.value)
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
    const done = await reload(notices.STARTED)
    if (done !== null) tellTabs('changed')
    return done
  }

  return {
    busy,
    blocked,
    send: () => act('send', send),
    renew: () => act('renew', renew),
    restore: () => act('restore', () => reload(notices.RESTORED)),
    extend: () => act('extend', extend),
    end: () => act('end', end),
    start: () => act('start', start),
    retry: () => act('retry', () => tryNow().then(() => told.value)),
    /** The result on the page is about what was sent; it goes when that is edited. */
    edited: () => {
      told.value = null
    },
  }
}
