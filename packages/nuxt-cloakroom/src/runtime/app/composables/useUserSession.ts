import { tryOnScopeDispose } from '@vueuse/core'
import { computed, effectScope, getCurrentInstance, onServerPrefetch, ref, shallowRef, toRef } from 'vue'
import type { Ref } from 'vue'
import { useNuxtApp } from '#imports'
import type { UserSessionComposable } from '../../shared/types/auth-utils'
import type { EndListener } from '../../shared/types/session'
import { useAppScope, usePublicConfig } from '../session/app-scope'
import { isHydratingPage } from '../session/hydration'
import { PageClient } from '../session/page-client'
import { usePageUser } from '../session/page-user'
import { leaveProtectedPages } from '../session/protected-pages'
import { useServerClock } from '../session/server-clock'
import { SessionClient } from '../session/session-client'
import { initialState } from '../session/session-state'
import type { SessionState } from '../session/session-state'
import type { Sync, TabMessage } from '../session/sync'
import { refreshAndBroadcast, startSync } from '../session/sync'

type NuxtApp = ReturnType<typeof useNuxtApp>
type UserSession = UserSessionComposable & { readonly load: () => Promise<void> }

/** One for each Nuxt app: on the server, for each request. */
const sessions = new WeakMap<NuxtApp, UserSession>()

/**
 * The visitor's session: available during SSR, synchronized across tabs, and updated within a second when the session
 * ends on another device.
 *
 * It is loaded before the first middleware, so code need not wait for it. On a page that caches store, it is unknown
 * until the browser has loaded it. With the option `loadStrategy`, code on the server may have to wait:
 * `const { loggedIn } = await useUserSession()`.
 */
export function useUserSession(): UserSessionComposable & PromiseLike<UserSessionComposable> {
  const nuxtApp = useNuxtApp()
  const known = sessions.get(nuxtApp) ?? createUserSession(nuxtApp)
  sessions.set(nuxtApp, known)
  const { load, ...session } = known
  if (import.meta.server && getCurrentInstance() && isLoadedOnServer()) onServerPrefetch(load)
  const whenLoaded = () => session.ready.value || isHydratingPage(nuxtApp) ? Promise.resolve() : load()
  return { ...session, then: (...handlers) => whenLoaded().then(() => session).then(...handlers) }
}

/** Whether what a component shows is rendered with the session. Code that waits for it gets it in any case. */
function isLoadedOnServer(): boolean {
  return usePublicConfig().loadStrategy !== 'client-only'
}

function createUserSession(nuxtApp: NuxtApp): UserSession {
  const state = useSessionState(nuxtApp)
  const appScope = useAppScope()
  const isLive = ref(false)
  const sync = shallowRef<Sync>()
  const scope = effectScope(true)
  return scope.run(() => {
    const now = useServerClock(computed(() => state.value.view), isLive)
    const client = import.meta.server
      ? new PageClient(nuxtApp, state)
      : new SessionClient(state, now, usePageUser(state, appScope))
    const values = createValues(state, now, sync)
    const unsent: TabMessage[] = [] // A page can be used a moment before it is in sync.
    const broadcast = (message: TabMessage) => {
      if (sync.value) sync.value.broadcast(message)
      else unsent.push(message)
    }
    if (client instanceof SessionClient) {
      leaveProtectedPages(client)
      client.endListeners.add((reason) => {
        if (reason === 'signed_out') client.pageUser.forgetDrafts()
      })
      whenHydrated(nuxtApp, () => scope.run(() => {
        isLive.value = true
        if (!values.ready.value) void client.load()
        sync.value = startSync({ client, now, remaining: values.remaining, appScope })
        unsent.forEach(broadcast)
      }))
    }
    return { ...values, ...createMethods(client, broadcast) }
  })!
}

/**
 * The state, in the payload: it gets from the server's render to the browser. Not by `useState`, which `clearNuxtState`
 * deletes, and whose names are the app's.
 */
function useSessionState({ payload }: NuxtApp): Ref<SessionState> {
  const stored = payload as { cloakroom?: SessionState }
  stored.cloakroom ??= initialState()
  return toRef(stored as { cloakroom: SessionState }, 'cloakroom')
}

/** Not by `onNuxtReady`, which waits for an idle moment without a limit: Chromium may have none for many seconds. */
function whenHydrated({ isHydrating, hooks }: NuxtApp, start: () => void) {
  if (isHydrating) hooks.hookOnce('app:suspense:resolve', start)
  else setTimeout(start) // Not in the component that has called `useUserSession` first.
}

function createValues(
  state: Ref<SessionState>,
  now: UserSessionComposable['now'],
  sync: Readonly<Ref<Sync | undefined>>,
) {
  const details = computed(() => state.value.view?.session ?? null)
  const session = computed(() => state.value.view?.data ?? null)
  const status = computed(() => state.value.view?.status ?? 'unknown')
  const until = (time: number) => Math.max(0, time - now.value)
  return {
    status,
    session,
    details,
    now,
    ready: computed(() => status.value !== 'unknown'),
    loggedIn: computed(() => status.value === 'signed-in'),
    stale: computed(() => state.value.stale),
    retryIn: computed(() => {
      const retryAt = sync.value?.retryAt.value ?? null
      return retryAt === null ? null : until(retryAt)
    }),
    user: computed(() => session.value?.user ?? null),
    cookie: computed(() => state.value.view?.cookie ?? null),
    expiresAt: computed(() => details.value?.expiresAt ?? null),
    idleExpiresAt: computed(() => details.value?.idleExpiresAt ?? null),
    remaining: computed(() => details.value && until(Math.min(details.value.idleExpiresAt, details.value.expiresAt))),
    ended: computed(() => state.value.ended),
  }
}

function createMethods(client: PageClient | SessionClient, broadcast: Sync['broadcast']) {
  return {
    load: () => client.load(),
    async fetch() {
      if (client instanceof SessionClient) await refreshAndBroadcast(client, broadcast)
      else await client.refresh().catch(() => {})
    },
    async extend() {
      const isExtended = await client.extend()
      if (isExtended) broadcast({ type: 'changed' })
      return isExtended
    },
    async clear() {
      const { id } = client
      await client.clear()
      if (id !== null) broadcast({ type: 'ended', id, reason: 'signed_out' })
    },
    onEnded: (listener: EndListener) => addListener(client.endListeners, listener),
    onChanged: (listener: () => void) => addListener(client.changeListeners, listener),
  }
}

function addListener<Listener>(listeners: Set<Listener>, listener: Listener) {
  listeners.add(listener)
  const remove = () => {
    listeners.delete(listener)
  }
  tryOnScopeDispose(remove)
  return remove
}
