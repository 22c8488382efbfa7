import { abortNavigation, createError, defineNuxtRouteMiddleware, navigateTo, useNuxtApp } from '#imports'
import { useUserSession } from '../composables/useUserSession'
import { signInLocation, usePageConfig } from '../session/protected-pages'

/**
 * Lets signed-in users in, and sends other visitors to the sign-in page and back. It decides on the server for the
 * first page, and in the browser from then on. If the session is unknown because the store does not respond, the
 * response is 503, or in the browser the error page: an outage is not a sign-out, and opens no page.
 *
 * It keeps a page from being shown, not its data from being read: for that, routes call `requireSession`.
 */
export default defineNuxtRouteMiddleware(async (to) => {
  const { signIn } = usePageConfig()
  const { isHydrating, payload } = useNuxtApp()
  if (import.meta.client && isHydrating && payload.serverRendered) return // The server has decided.
  const { status } = await useUserSession()
  if (status.value === 'anonymous') return navigateTo(signInLocation(signIn, to.fullPath))
  if (status.value === 'unknown') return abortNavigation(unavailable(to.fullPath))
})

/** Fatal, because otherwise the browser would stay on the page without a message. `data.path` is where to try again. */
function unavailable(path: string) {
  const message = 'The session could not be checked. Try again in a moment.'
  return createError({ status: 503, statusText: 'Service Unavailable', message, fatal: true, data: { path } })
}
