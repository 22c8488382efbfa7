import { tryOnScopeDispose } from '@vueuse/core'
import { computed, effectScope, getCurrentInstance, getCurrentScope, onServerPrefetch, ref } from 'vue'
import type { Ref } from 'vue'
import { navigateTo, onNuxtReady, useAppConfig, useNuxtApp, useRouter, useState } from '#imports'
import type { UserSessionComposable } from '../../shared/types/auth-utils'
import type { EndListener } from '../../shared/types/session'
import { askForAll, keepInStep } from '../session/in-step'
import type { TabMessage } from '../session/in-step'
import { SessionKnowledge } from '../session/knowledge'
import { nothingKnown, withView } from '../session/known'
import type { KnownSession } from '../session/known'
import { isProtected, signInLocation } from '../session/pages'
import { useServerClock } from './useServerClock'

type NuxtApp = ReturnType<typeof useNuxtApp>
type Client = UserSessionComposable & { readonly load: () => Promise<void> }

/** One for each Nuxt app: on the server, for each request. */
const clients = new WeakMap<NuxtApp, Client>()

/**
 * The visitor's session: the same in the server's first render, in the browser, and in all its tabs.
 *
 * In a template it is right from the first render on. Code in `setup` that looks at it while rendering on the server has to wait for it:
 * `const { loggedIn } = await useUserSession()`. A page that does not call this stays free to be cached; on one that is cached, the session is unknown until
 * the browser has asked.
 */
export function useUserSession(): UserSessionComposable & PromiseLike<UserSessionComposable> {
  const nuxtApp = useNuxtApp()
  const client = clients.get(nuxtApp) ?? createClient(nuxtApp)
  clients.set(nuxtApp, client)
  const { load, ...session } = client
  if (import.meta.server && getCurrentInstance()) onServerPrefetch(load)
  const arrived = () => session.ready.value || nuxtApp.isHydrating ? Promise.resolve() : load()
  return { ...session, then: (...handlers) => arrived().then(() => session).then(...handlers) }
}

function createClient(nuxtApp: NuxtApp): Client {
  const known = useState<KnownSession>('session', nothingKnown)
  const live = ref(false)
  return effectScope(true).run(() => {
    const now = useServerClock(computed(() => known.value.view), live)
    const knowledge = new SessionKnowledge(known, now, import.meta.server ? () => loadForPage(nuxtApp, known) : undefined)
    const facts = readFacts(known, now)
    let tellTabs: (message: TabMessage) => void = () => {}
    if (import.meta.client) {
      leaveProtectedPages(knowledge)
      const scope = getCurrentScope()!
      onNuxtReady(() => scope.run(() => {
        live.value = true
        if (!facts.ready.value) void knowledge.load()
        tellTabs = keepInStep({ knowledge, known, now, remaining: facts.remaining })
      }))
    }
    return { ...facts, ...verbs(knowledge, known, message => tellTabs(message)) }
  })!
}

/** An error page knows nobody: caches that go by a path's ending keep a 404 for `/account/foo.css` too (web cache deception). */
async function loadForPage({ ssrContext, payload }: NuxtApp, known: Ref<KnownSession>) {
  const view = payload.error ? 'unknown' : await ssrContext?.event.context.sessionView?.() ?? 'unknown'
  known.value = view === 'unknown' ? { ...known.value, stale: true } : withView(known.value, view)
}

function readFacts(known: Ref<KnownSession>, now: Readonly<Ref<number>>) {
  const details = computed(() => known.value.view?.session ?? null)
  const session = computed(() => known.value.view?.data ?? null)
  const status = computed(() => known.value.view?.status ?? 'unknown')
  return {
    status,
    session,
    ready: computed(() => status.value !== 'unknown'),
    loggedIn: computed(() => status.value === 'signed-in'),
    stale: computed(() => known.value.stale),
    user: computed(() => session.value?.user ?? null),
    expiresAt: computed(() => details.value?.expiresAt ?? null),
    idleExpiresAt: computed(() => details.value?.idleExpiresAt ?? null),
    remaining: computed(() => details.value && Math.max(0, Math.min(details.value.idleExpiresAt, details.value.expiresAt) - now.value)),
    ended: computed(() => known.value.ended),
  }
}

function verbs(knowledge: SessionKnowledge, known: Ref<KnownSession>, tellTabs: (message: TabMessage) => void) {
  async function fetch() {
    await (import.meta.server ? knowledge.load() : askForAll(knowledge, known, tellTabs))
  }

  async function extend() {
    const extended = await knowledge.extend()
    if (extended) tellTabs({ type: 'changed' })
    return extended
  }

  async function clear() {
    const { handle } = knowledge
    await knowledge.clear()
    if (handle !== null) tellTabs({ type: 'ended', handle, reason: 'signed_out' })
  }

  return {
    load: () => knowledge.load(),
    fetch,
    extend,
    clear,
    onEnded: (listener: EndListener) => listen(knowledge.endListeners, listener),
    onChanged: (listener: () => void) => listen(knowledge.changeListeners, listener),
  }
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener) {
  listeners.add(listener)
  const stop = () => void listeners.delete(listener)
  tryOnScopeDispose(stop)
  return stop
}

/** A page behind the `auth` middleware must not outlive the session: back to sign in, or home if the visitor has signed out here. */
function leaveProtectedPages({ endListeners }: SessionKnowledge) {
  const { currentRoute } = useRouter()
  const { signIn, home } = useAppConfig().session
  endListeners.add((_, { here }) => {
    const route = currentRoute.value
    if (isProtected(route)) void navigateTo(here ? home : signInLocation(signIn, route.fullPath))
  })
}
