import { defineNuxtPlugin } from '#imports'
import { useUserSession } from '../composables/useUserSession'
import { usePublicConfig } from '../session/app-scope'

/**
 * Loads the session before the first middleware, so that code which does not wait finds it. Not on the server for a
 * page that caches may store: there the browser loads it.
 */
export default defineNuxtPlugin(async ({ payload, ssrContext }) => {
  const { loadStrategy } = usePublicConfig()
  if (loadStrategy === 'none') return
  if (import.meta.server) {
    const page = ssrContext?.event.context.pageSession
    if (loadStrategy !== 'server-first' || !page || page.isCacheable) return
    // What fails here fails again where a page asks for the session.
    await Promise.resolve(useUserSession()).catch(() => {})
    return
  }
  const session = useUserSession()
  if (!payload.serverRendered) await session
})
