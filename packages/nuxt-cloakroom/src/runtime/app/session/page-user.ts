import type { Ref } from 'vue'
import { addRouteMiddleware, useRouter } from '#imports'
import type { SessionView } from '../../shared/types/session'
import type { AppScope } from './app-scope'
import { draftPrefixOf, forgetDrafts, storeDrafts, unlessFull } from './form-drafts'
import type { SessionState } from './session-state'

/** The time that a sign-in page has for its navigation, if an event or another tab is faster than its own response. */
const NAVIGATION_DELAY_MS = 500

/** The user whose data this page shows or holds, and the replacement of the page when that user changes. */
export interface PageUser {
  /** Compares the page's user with that of a response. If another one has signed in, it replaces the page. */
  check(view: SessionView): void
  /** The same for a user id from another tab. Returns whether the page is being replaced. */
  checkId(userId: string | null): boolean
  /** Deletes the user's drafts. */
  forgetDrafts(): void
}

const replacementListeners = new Set<() => void>()

/** Calls `listener` before this page is replaced. Returns a function that removes it. */
export function onReplacement(listener: () => void): () => void {
  replacementListeners.add(listener)
  return () => {
    replacementListeners.delete(listener)
  }
}

/**
 * Loads the page again when its session belongs to another user than before, so that nothing of the former user stays
 * in its components, stores and caches. A visitor who signs in, a user who signs out and one who signs in again keep
 * the page. If the app navigates at the same time, for example to `returnTo`, the tab loads that page instead.
 *
 * @param state what the page knows before the response that it checks; at first, what the server has rendered
 */
export function usePageUser(state: Readonly<Ref<SessionState>>, { name }: AppScope): PageUser {
  const router = useRouter()
  let user: string | null = null
  let renderedAt: number | null = null
  let isReplaced = false
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Not twice for the same HTML: if it comes from a cache of the app's, it would be the same again, without an end. */
  function replace() {
    if (isReplaced || !isNew(`${name}:replaced`, `${renderedAt}`)) return
    isReplaced = true
    for (const listener of replacementListeners) listener()
    storeDrafts()
    Object.assign(document.documentElement, { inert: true, hidden: true })
    // The words that such a question would protect belong to the former user.
    window.addEventListener('beforeunload', (event) => {
      event.stopImmediatePropagation()
      clearTimeout(timer) // The app itself may be loading another page.
    }, { capture: true })
    if (document.hidden) return location.reload() // Its timers may be slow.
    const delay = state.value.view?.status === 'signed-in' ? 0 : NAVIGATION_DELAY_MS
    timer = setTimeout(() => location.reload(), delay)
  }

  function checkId(userId: string | null) {
    const isOther = user !== null && userId !== null && userId !== user
    user = userId ?? user
    if (isOther) replace()
    return isOther && isReplaced
  }

  function check({ session, now }: SessionView) {
    renderedAt ??= now
    checkId(session?.userId ?? null)
  }

  addRouteMiddleware(({ fullPath }) => {
    if (!isReplaced) return
    clearTimeout(timer)
    history.replaceState(null, '', router.resolve(fullPath).href)
    location.reload()
    return false
  })
  if (state.value.view) check(state.value.view)
  return { check, checkId, forgetDrafts: () => forgetDrafts(draftPrefixOf(name, user!)) }
}

/** Whether the tab stores another value than before. `true` if it cannot store anything. */
function isNew(key: string, value: string): boolean {
  return unlessFull(() => {
    const before = sessionStorage.getItem(key)
    sessionStorage.setItem(key, value)
    return before !== value
  }) ?? true
}
