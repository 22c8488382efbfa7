import { defineNuxtRouteMiddleware, navigateTo } from '#imports'
import { useUserSession } from '../composables/useUserSession'
import { usePageConfig } from '../session/protected-pages'
import { safeReturnTo } from '../utils/return-to'

/** For pages such as the sign-in page: sends signed-in users to `returnTo`, or to the home page. */
export default defineNuxtRouteMiddleware(async (to) => {
  const { home } = usePageConfig()
  const { loggedIn } = await useUserSession()
  if (!loggedIn.value) return
  const target = safeReturnTo(to.query.returnTo, home)
  return navigateTo(target.split(/[?#]/, 1)[0] === to.path ? home : target)
})
