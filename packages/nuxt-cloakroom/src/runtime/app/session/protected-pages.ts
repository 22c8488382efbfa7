import { navigateTo, useAppConfig, useRouter } from '#imports'
import type { RouteLocationNormalized } from '#vue-router'
import type { SessionClient } from './session-client'

/** Where the middleware sends visitors. */
export interface PageConfig {
  /**
   * Where the `auth` middleware sends visitors who are not signed in, with `returnTo` in the query. Default `/sign-in`.
   */
  signIn: string
  /** Where the `guest` middleware sends signed-in users, unless `returnTo` names a page of this app. Default `/`. */
  home: string
}

/** The app's `cloakroom` entry in `app.config.ts`. */
export function usePageConfig(): PageConfig {
  return useAppConfig().cloakroom as PageConfig
}

/** The sign-in page, which leads back to `fullPath` afterwards. */
export function signInLocation(signIn: string, fullPath: string) {
  return { path: signIn, query: { returnTo: fullPath } }
}

/**
 * Leaves a page with the `auth` middleware when the session ends: for the sign-in page, or for the home page if the
 * user has signed out in this tab.
 */
export function leaveProtectedPages({ endListeners }: SessionClient): void {
  const router = useRouter()
  const { signIn, home } = usePageConfig()
  endListeners.add((_, { here }) => {
    const route = router.currentRoute.value
    if (!isProtected(route)) return
    const isHome = router.resolve(home).path === route.path
    void navigateTo(here && !isHome ? home : signInLocation(signIn, route.fullPath))
  })
}

function isProtected({ meta }: Pick<RouteLocationNormalized, 'meta'>): boolean {
  return [meta.middleware].flat().includes('auth')
}
