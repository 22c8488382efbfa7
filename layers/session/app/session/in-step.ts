import { tryOnScopeDispose, useBroadcastChannel, useDocumentVisibility, useEventListener, useOnline, whenever } from '@vueuse/core'
import { watch } from 'vue'
import type { Ref } from 'vue'
import { identityOf } from './known'
import type { SessionEnding } from '../../shared/types/session'
import type { KnownSession } from './known'
import type { SessionKnowledge } from './knowledge'
import { whenLeader } from './leader'
import { followSession } from './stream'

/** What one tab tells the others. `ended` names the session, since a tab may be about another by now. */
export type TabMessage = { type: 'changed' } | { type: 'ended', handle: string, reason: SessionEnding }

export interface Surroundings {
  readonly knowledge: SessionKnowledge
  readonly known: Ref<KnownSession>
  /** The server's clock. */
  readonly now: Readonly<Ref<number>>
  /** Milliseconds until the session ends. */
  readonly remaining: Readonly<Ref<number | null>>
}

/** An answer older than this is asked for again when the visitor comes back to the tab. */
const OLD_MS = 60_000

/**
 * Keeps what is known in step with the server and the browser's other tabs. To be called in the browser, in an effect scope and in no component.
 *
 * @returns tells the other tabs
 */
export function keepInStep(around: Surroundings): (message: TabMessage) => void {
  const { knowledge, remaining } = around
  const tellTabs = useTabs(knowledge)
  const stream = useStream(around, tellTabs)
  useReturns(around, stream.hurry)
  whenever(() => remaining.value === 0, () => void knowledge.refresh())
  return tellTabs
}

function useTabs(knowledge: SessionKnowledge) {
  const { data, post } = useBroadcastChannel<TabMessage, TabMessage>({ name: 'session' })
  watch(data, (message) => {
    if (message?.type === 'changed') knowledge.changed()
    else if (message && message.handle === knowledge.handle) knowledge.end(message.reason)
  }, { flush: 'sync' })
  return post
}

/** One stream for the whole browser, as long as there is a session. */
function useStream({ knowledge, known }: Surroundings, tellTabs: (message: TabMessage) => void) {
  const stream = followSession({
    changed() {
      tellTabs({ type: 'changed' })
      knowledge.changed()
    },
    ended(reason) {
      const { handle } = knowledge
      if (handle !== null) tellTabs({ type: 'ended', handle, reason })
      knowledge.end(reason)
    },
    ask: async () => await knowledge.refresh() ? knowledge.handle !== null : null,
  })
  const resigned = new AbortController()
  const identity = () => identityOf(known.value)
  const lead = () => watch(identity, session => session === null ? stream.stop() : stream.open(), { immediate: true })
  if ('EventSource' in globalThis) whenLeader(lead, resigned.signal)
  tryOnScopeDispose(() => {
    resigned.abort()
    stream.stop()
  })
  return stream
}

/** Nobody tells a tab that was asleep or offline what it has missed. */
function useReturns({ knowledge, known, now }: Surroundings, hurry: () => void) {
  const visibility = useDocumentVisibility()
  const back = () => {
    hurry()
    if (known.value.stale || now.value - (known.value.view?.now ?? 0) > OLD_MS) void knowledge.refresh()
  }
  whenever(useOnline(), back)
  whenever(() => visibility.value === 'visible', back)
  useEventListener('pageshow', ({ persisted }) => persisted && void knowledge.refresh())
}
