import { abortNavigation, createError, defineNuxtRouteMiddleware, navigateTo, useNuxtApp, useRouter } from '#imports'
import { useUserSession } from '../composables/useUserSession'
import { isHydratingPage } from '../session/hydration'
import { rememberGuardedPage, usePageFinder } from '../session/protected-pages'

/**
 * Lets signed-in users in, and sends other visitors to the sign-in page and back. It decides on the server for the
 * first page, and in the browser from then on. When the session ends, the page is left. If the session is unknown
 * because the store does not respond, the response is 503, or in the browser the error page: an outage is not a
 * sign-out, and opens no page.
 *
 * It keeps a page from being shown, not its data from being read: for that, routes call `requireSession`.
 */
export default defineNuxtRouteMiddleware(async (to) => {
  const nuxtApp = useNuxtApp()
  const router = useRouter()
  const pages = usePageFinder()
  const session = useUserSession() // Also if the server has decided: the page is to be left when the session ends.
  if (!isHydratingPage(nuxtApp)) {
    const page = nuxtApp.ssrContext?.event.context.pageSession
    const { status } = await session
    if (status.value === 'unknown' && page?.require()) await session.fetch()
    if (status.value === 'anonymous') return navigateTo(pages.signIn(to))
    if (status.value === 'unknown') {
      page?.reportUnknown()
      return abortNavigation(unavailable(to.fullPath))
    }
  }
  rememberGuardedPage(router, to)
})

/** Fatal, because otherwise the browser would stay on the page without a message. `data.path` is where to try again. */
function unavailable(path: string) {
  const statusText = import.meta.prerender
    ? 'The middleware auth cannot be prerendered: add the route rule { ssr: false }' // The build prints it.
    : 'Service Unavailable'
  const message = 'The session could not be checked. Try again in a moment.'
  return createError({ status: 503, statusText, message, fatal: true, data: { path } })
}
