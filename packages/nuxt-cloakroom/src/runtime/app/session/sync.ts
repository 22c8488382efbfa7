import {
  tryOnScopeDispose, useBroadcastChannel, useDocumentVisibility, useEventListener, useOnline, whenever,
} from '@vueuse/core'
import { ref, watch } from 'vue'
import type { Ref } from 'vue'
import type { SessionEndReason } from '../../shared/types/session'
import type { AppScope } from './app-scope'
import { backOffDelay, followSession, whenLeader } from './event-stream'
import type { SessionClient } from './session-client'
import { contentOf, identityOf } from './session-state'

/**
 * What one tab sends to the others. `changed` names the current user if the sender has fetched the session. `ended`
 * names the session, because another tab may hold another one. `opened`: this tab listens from now on, and its state is
 * of the server's time `now`. Its `identity` and `userId` may be new to the others, for example after a sign-in by
 * redirect. `newer`: the state has changed at the server's time `since`.
 */
export type TabMessage
  = | { type: 'changed', userId?: string | null }
    | { type: 'ended', id: string, reason: SessionEndReason }
    | { type: 'opened', now: number, identity: string | null, userId?: string | null }
    | { type: 'newer', since: number }

type Broadcast = (message: TabMessage) => void

export interface SyncContext {
  readonly client: SessionClient
  /** The server's clock. */
  readonly now: Readonly<Ref<number>>
  /** Milliseconds until the session expires. */
  readonly remaining: Readonly<Ref<number | null>>
  readonly appScope: AppScope
}

export interface Sync {
  /** Sends a message to the other tabs. */
  readonly broadcast: Broadcast
  /** When a failed refresh is retried, on the server's clock; `null` if no retry is scheduled. */
  readonly retryAt: Readonly<Ref<number | null>>
}

/** A state that is older than this is refreshed when the user returns to the tab. */
const MAX_AGE_MS = 60_000
/** The same without a session, when no event stream reports a sign-in elsewhere in the browser. */
const MAX_ANONYMOUS_AGE_MS = 5000

/**
 * Keeps the state in sync with the server and with the browser's other tabs. Call it in the browser, in an effect scope
 * and not in a component.
 */
export function startSync(context: SyncContext): Sync {
  const { client, remaining, appScope } = context
  const broadcast = useTabs(client, appScope)
  const refresh = () => refreshAndBroadcast(client, broadcast)
  const stream = useEventStream(context, broadcast, refresh)
  const retryAt = useRefetchOnFocus(context, stream.reconnectNow, refresh)
  whenever(() => remaining.value === 0, () => {
    void refresh()
  })
  return { broadcast, retryAt }
}

/**
 * Refreshes the state and notifies the other tabs of changes. Returns `false` if the server did not respond.
 *
 * An end is sent as such: a tab that had to refresh first would fetch data that the user may no longer see.
 */
export async function refreshAndBroadcast(client: SessionClient, broadcast: Broadcast): Promise<boolean> {
  const { id } = client
  const before = contentOf(client.state)
  const hasResponded = await client.refresh()
  if (id !== null && client.id === null) broadcast({ type: 'ended', id, reason: client.state.ended ?? 'unknown' })
  else if (contentOf(client.state) !== before) broadcast({ type: 'changed', userId: client.userId })
  return hasResponded
}

function useTabs(client: SessionClient, { name }: AppScope): Broadcast {
  const { data, post } = useBroadcastChannel<TabMessage, TabMessage>({ name })
  const viewedAt = () => client.state.view?.now ?? 0
  let changedAt = viewedAt()
  let comparing = Promise.resolve()
  watch(() => contentOf(client.state), () => {
    changedAt = viewedAt()
  }, { flush: 'sync' })

  /** One after another, because the refresh for one message may answer the next. */
  function whenIdle(compare: () => void) {
    comparing = comparing.then(() => client.idle()).then(compare)
  }

  /** A tab cannot receive what the others send between its HTML and its scripts. It may also know more than they do. */
  function welcome({ now, identity, userId }: Extract<TabMessage, { type: 'opened' }>) {
    whenIdle(() => {
      if (changedAt > now) post({ type: 'newer', since: changedAt })
      else if (identity !== identityOf(client.state)) change(userId)
    })
  }

  /** Without waiting for a response if that is another user, who must not get what this page sends until then. */
  function change(userId: string | null = null) {
    if (!client.pageUser.checkId(userId)) client.changed()
  }

  /** The event stream may report a sign-out before the browser has the response, which clears the cookie. */
  async function recheckCookie() {
    await client.idle()
    if (client.id === null && client.state.view?.cookie) void client.refresh()
  }

  watch(data, (message) => {
    if (message?.type === 'changed') change(message.userId)
    else if (message?.type === 'opened') welcome(message)
    else if (message?.type === 'newer') whenIdle(() => viewedAt() < message.since && client.changed())
    else if (message?.id === client.id) client.end(message!.reason)
    else if (message?.reason === 'signed_out') void recheckCookie()
  }, { flush: 'sync' })
  const sendOpened = () => post({
    type: 'opened',
    now: viewedAt(),
    identity: identityOf(client.state),
    userId: client.userId,
  })
  watch(() => client.state.view !== null, isKnown => isKnown && sendOpened(), { immediate: true, flush: 'sync' })
  return post
}

/** One stream for the whole browser, while there is a session. */
function useEventStream(
  { client, appScope }: SyncContext,
  broadcast: Broadcast,
  refresh: () => Promise<boolean>,
) {
  const stream = followSession(appScope.eventsUrl, {
    changed() {
      broadcast({ type: 'changed' })
      client.changed()
    },
    ended(reason) {
      const { id } = client
      if (id !== null) broadcast({ type: 'ended', id, reason })
      client.end(reason)
    },
    refresh: async () => await refresh() ? client.id !== null : null,
  })
  const resigned = new AbortController()
  const identity = () => identityOf(client.state)
  const lead = () => watch(identity, session => session === null ? stream.stop() : stream.open(), { immediate: true })
  if ('EventSource' in globalThis) whenLeader(appScope.name, lead, resigned.signal)
  tryOnScopeDispose(() => {
    resigned.abort()
    stream.stop()
  })
  return stream
}

/** A tab that was asleep or offline has missed messages, and no message says that the server responds again. */
function useRefetchOnFocus({ client, now }: SyncContext, reconnectNow: () => void, refresh: () => Promise<boolean>) {
  const visibility = useDocumentVisibility()
  const online = useOnline()
  const onReturn = () => {
    reconnectNow()
    const { stale, view } = client.state
    const maxAge = view?.session ? MAX_AGE_MS : MAX_ANONYMOUS_AGE_MS
    if (stale || now.value - (view?.now ?? 0) > maxAge) void refresh()
  }
  whenever(online, onReturn)
  whenever(() => visibility.value === 'visible', onReturn)
  useEventListener('pageshow', ({ persisted }) => {
    if (persisted) void refresh()
  })
  return useRetries(() => client.state.stale && online.value && visibility.value === 'visible', now, refresh)
}

/** Refreshes again and again, with back-off, while it is needed. Returns when the next retry is due. */
function useRetries(isNeeded: () => boolean, now: Readonly<Ref<number>>, refresh: () => Promise<boolean>) {
  const retryAt = ref<number | null>(null)
  watch(isNeeded, (needed, _, onCleanup) => {
    if (!needed) return
    let attempt = 0
    let timer: ReturnType<typeof setTimeout>
    let isOver = false
    const schedule = () => {
      const delay = backOffDelay(attempt++)
      retryAt.value = now.value + delay
      timer = setTimeout(() => {
        retryAt.value = null
        void refresh().then(() => isOver || schedule())
      }, delay)
    }
    onCleanup(() => {
      isOver = true
      retryAt.value = null
      clearTimeout(timer)
    })
    schedule()
  }, { immediate: true })
  return retryAt
}
