import type { SessionView } from '#cloakroom'
import { failureOf, type Failure, type SessionApi } from './session/api'
import { takeSnapshot } from './session/snapshot'
import { initialState, withFailure, withSnapshot, withView, type CounterState, type Snapshot } from './session/state'

/**
 * What this page knows of the session, and the two ways to learn more.
 * `snapshot` is what the page load learnt; from then on, every change is the server's word.
 */
export function useSessionState(api: SessionApi, snapshot: Readonly<Ref<Snapshot | null | undefined>>) {
  const state = ref<CounterState>(initialState())
  const draft = ref('')
  // Counts what the visitor does. The answer to a question asked before that is stale.
  let turn = 0

  watch(snapshot, taken => taken && adopt(withSnapshot(state.value, taken)), { immediate: true })

  /** A draft that the visitor has not touched follows the session's value; one they have changed is theirs. */
  function adopt(next: CounterState) {
    if (draft.value === state.value.value) draft.value = next.value
    state.value = next
  }

  /**
   * Value and view. Winds the idle clock, and starts a session where there is none. Answers why it could not, if so.
   */
  async function load(): Promise<Failure | null> {
    const mine = turn
    const taken = await takeSnapshot(api)
    if (mine === turn) adopt(withSnapshot(state.value, taken))
    return taken.kind === 'failed' ? taken.failure : null
  }

  /** The view alone. Neither winds a clock nor starts a session, unless another tab has started one. */
  async function look() {
    const mine = turn
    const answer = await api.view().catch(failureOf)
    if (mine !== turn) return
    if ('code' in answer) state.value = withFailure(state.value, answer)
    else if (isNews(answer)) await load()
    else adopt(withView(state.value, answer))
  }

  function isNews({ session }: SessionView): boolean {
    const { phase, last } = state.value
    return session !== null && (phase !== 'held' || session.id !== last?.id)
  }

  function outdate() {
    turn += 1
  }

  return { state, draft, adopt, load, look, outdate }
}
