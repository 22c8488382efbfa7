import { defineNuxtRouteMiddleware, navigateTo, useAppConfig, useUserSession } from '#imports'
import { safeReturnTo } from '../utils/return-to'

/** For pages that are for strangers, such as the one to sign in at: whoever is signed in is sent on to `returnTo`, or home. */
export default defineNuxtRouteMiddleware(async (to) => {
  const { home } = useAppConfig().session
  const { loggedIn } = await useUserSession()
  if (!loggedIn.value) return
  const target = safeReturnTo(to.query.returnTo, home)
  return navigateTo(target.split(/[?#]/, 1)[0] === to.path ? home : target)
})
