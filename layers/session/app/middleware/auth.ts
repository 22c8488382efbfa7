import { abortNavigation, createError, defineNuxtRouteMiddleware, navigateTo, useAppConfig, useNuxtApp, useUserSession } from '#imports'
import { signInLocation } from '../session/pages'

/**
 * Lets in whoever is signed in, and sends everybody else to sign in and back. Decides on the server for the first page, and in the browser from then on.
 * Where the server cannot say who it is, the answer is 503, or in the browser the error page: an outage is no sign-out, and no way in.
 *
 * It keeps a page from being shown, not its data from being read: for that, routes call `requireSession`.
 */
export default defineNuxtRouteMiddleware(async (to) => {
  const { signIn } = useAppConfig().session
  const { isHydrating, payload } = useNuxtApp()
  if (import.meta.client && isHydrating && payload.serverRendered) return // The server has decided.
  const { status } = await useUserSession()
  if (status.value === 'anonymous') return navigateTo(signInLocation(signIn, to.fullPath))
  // Fatal, for the browser would else stay where it is and say nothing. `data.path` is where to try again.
  if (status.value === 'unknown') return abortNavigation(createError({ status: 503, statusText: 'Service Unavailable', message: 'Who is signed in is not known right now.', fatal: true, data: { path: to.fullPath } }))
})
