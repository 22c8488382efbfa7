import { watch } from 'vue'
import { defineNuxtRouteMiddleware, navigateTo, useNuxtApp, useRouter } from '#imports'
import { useUserSession } from '../composables/useUserSession'
import { isHydratingPage } from '../session/hydration'
import { usePageFinder } from '../session/protected-pages'
import { safeReturnTo } from '../utils/return-to'

/**
 * For pages such as the sign-in page: sends signed-in users to `returnTo`, or to the home page. On a cached or
 * prerendered page, it does so when the browser has loaded the session.
 */
export default defineNuxtRouteMiddleware(async (to) => {
  const nuxtApp = useNuxtApp()
  const router = useRouter()
  const home = usePageFinder().home(to)
  const session = useUserSession()
  const returnTo = safeReturnTo(to.query.returnTo, home)
  const target = returnTo.split(/[?#]/, 1)[0] === to.path ? home : returnTo
  if (isHydratingPage(nuxtApp) && !session.ready.value) {
    watch(session.ready, () => {
      const isHere = router.currentRoute.value.path === to.path
      if (session.loggedIn.value && isHere) void nuxtApp.runWithContext(() => navigateTo(target))
    }, { once: true })
    return
  }
  const { loggedIn } = await session
  if (loggedIn.value) return navigateTo(target)
})
