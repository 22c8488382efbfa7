import { tryOnScopeDispose, useBroadcastChannel, useDocumentVisibility, useEventListener, useOnline, whenever } from '@vueuse/core'
import { watch } from 'vue'
import type { Ref } from 'vue'
import type { SessionEnding } from '../../shared/types/session'
import { contentOf, identityOf } from './known'
import type { KnownSession } from './known'
import type { SessionKnowledge } from './knowledge'
import { whenLeader } from './leader'
import { followSession, reconnectDelay } from './stream'

/**
 * What one tab tells the others. `ended` names the session, since a tab may be about another by now. `opened`: this tab listens from now on, and what it shows
 * comes from HTML that the server rendered at `now`.
 */
export type TabMessage = { type: 'changed' } | { type: 'ended', handle: string, reason: SessionEnding } | { type: 'opened', now: number }

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
  const { knowledge, known, remaining } = around
  const tellTabs = useTabs(knowledge, known)
  const ask = () => askForAll(knowledge, known, tellTabs)
  const stream = useStream(around, tellTabs, ask)
  useReturns(around, stream.hurry, ask)
  whenever(() => remaining.value === 0, () => void ask())
  return tellTabs
}

/**
 * Asks the server how things stand, and tells the other tabs of what is new: nobody else may. `false`: it did not say.
 *
 * Of an end they are told as such. Sent to look for themselves, they would first ask for what they may see no more.
 */
export async function askForAll(knowledge: SessionKnowledge, known: Ref<KnownSession>, tellTabs: (message: TabMessage) => void): Promise<boolean> {
  const { handle } = knowledge
  const before = contentOf(known.value)
  const answered = await knowledge.refresh()
  if (handle !== null && knowledge.handle === null) tellTabs({ type: 'ended', handle, reason: known.value.ended ?? 'unknown' })
  else if (contentOf(known.value) !== before) tellTabs({ type: 'changed' })
  return answered
}

function useTabs(knowledge: SessionKnowledge, known: Ref<KnownSession>) {
  const { data, post } = useBroadcastChannel<TabMessage, TabMessage>({ name: 'session' })
  const viewedAt = () => known.value.view?.now ?? 0

  /** A tab cannot hear what the others send between its HTML and its scripts. */
  async function welcome(renderedAt: number) {
    await knowledge.idle()
    if (viewedAt() > renderedAt) post({ type: 'changed' })
  }

  watch(data, (message) => {
    if (message?.type === 'changed') knowledge.changed()
    else if (message?.type === 'opened') void welcome(message.now)
    else if (message && message.handle === knowledge.handle) knowledge.end(message.reason)
  }, { flush: 'sync' })
  if (known.value.view) post({ type: 'opened', now: viewedAt() })
  return post
}

/** One stream for the whole browser, as long as there is a session. */
function useStream({ knowledge, known }: Surroundings, tellTabs: (message: TabMessage) => void, ask: () => Promise<boolean>) {
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
    ask: async () => await ask() ? knowledge.handle !== null : null,
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

/** Nobody tells a tab that was asleep or offline what it has missed. Nor does anybody tell one that the server answers again. */
function useReturns({ known, now }: Surroundings, hurry: () => void, ask: () => Promise<boolean>) {
  const visibility = useDocumentVisibility()
  const online = useOnline()
  const back = () => {
    hurry()
    if (known.value.stale || now.value - (known.value.view?.now ?? 0) > OLD_MS) void ask()
  }
  whenever(online, back)
  whenever(() => visibility.value === 'visible', back)
  useEventListener('pageshow', ({ persisted }) => persisted && void ask())
  useRetries(() => known.value.stale && online.value && visibility.value === 'visible', ask)
}

/** Asks again and again, ever more slowly, while that is needed. */
function useRetries(isNeeded: () => boolean, ask: () => Promise<boolean>) {
  watch(isNeeded, (needed, _, onCleanup) => {
    if (!needed) return
    let attempt = 0
    let timer: ReturnType<typeof setTimeout>
    let isOver = false
    const again = () => {
      timer = setTimeout(() => void ask().then(() => isOver || again()), reconnectDelay(attempt++))
    }
    onCleanup(() => {
      isOver = true
      clearTimeout(timer)
    })
    again()
  }, { immediate: true })
}
