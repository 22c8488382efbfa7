import { navigateTo, useAppConfig, useNuxtApp, useRouter } from '#imports'
import type { RouteLocationNormalized, RouteLocationRaw, Router } from '#vue-router'
import type { PageConfig, PageLocation } from '../../shared/types/page-config'
import type { SessionClient } from './session-client'

/** Finds the pages where the middleware sends visitors. */
export interface PageFinder {
  /** The sign-in page, which leads back to `from` afterwards. */
  signIn(from: RouteLocationNormalized): RouteLocationRaw
  /** The path of the home page. */
  home(from: RouteLocationNormalized): string
}

/** The pages that `auth` has let in, however it was attached: the open one, and one that is still being loaded. */
const guarded = new WeakMap<Router, { open?: string, next?: string }>()

export function usePageFinder(): PageFinder {
  const { signIn = '/sign-in', home = '/' } = (useAppConfig() as { cloakroom?: PageConfig }).cloakroom ?? {}
  const router = useRouter()
  const nuxtApp = useNuxtApp() as { $localePath?: (path: string) => string }
  const resolve = (page: PageLocation, from: RouteLocationNormalized) => {
    const location = typeof page === 'function' ? page(from) : page
    // The plugin of i18n may come later than this. It returns an empty text for a path without a localized page.
    return router.resolve((typeof location === 'string' && nuxtApp.$localePath?.(location)) || location)
  }
  return {
    signIn(from) {
      const { path, query, hash } = resolve(signIn, from)
      return { path, query: { ...query, returnTo: from.fullPath }, hash }
    },
    home: from => resolve(home, from).fullPath,
  }
}

/** Remembers a page that `auth` has let the visitor in to. Another middleware may still refuse it. */
export function rememberGuardedPage(router: Router, { fullPath }: RouteLocationNormalized): void {
  guarded.set(router, { ...guarded.get(router), next: fullPath })
}

/**
 * Leaves a page that `auth` has let in when the session ends: for the sign-in page, or for the home page if the user
 * has signed out in this tab.
 */
export function leaveProtectedPages(client: SessionClient): void {
  const router = useRouter()
  const pages = usePageFinder()
  const leave = (here: boolean) => {
    const route = router.currentRoute.value
    if (client.state.view?.status === 'signed-in') return // Another user is, so the page is being replaced.
    if (guarded.get(router)?.open !== route.fullPath) return
    const home = pages.home(route)
    const isHome = router.resolve(home).path === route.path
    void navigateTo(here && !isHome ? home : pages.signIn(route))
  }
  client.endListeners.add((_, { here }) => leave(here))
  // The session may have ended while the page was being loaded.
  router.afterEach(({ fullPath }, _, failure) => {
    if (failure) return
    if (guarded.get(router)?.next === fullPath) guarded.set(router, { open: fullPath })
    if (client.state.view?.status === 'anonymous') leave(false)
  })
}
