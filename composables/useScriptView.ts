import { useMounted } from '@vueuse/core'
import type { SessionCookieView } from '#cloakroom'
import { scriptView, type ScriptView } from '../utils/session-page/cookie-check'

/** Reads `document.cookie` once mounted, and again whenever `cookie` changes. */
export function useScriptView(cookie: Readonly<Ref<SessionCookieView | null>>) {
  const seen = ref<ScriptView | null>(null)
  // Only once mounted: the first render has to equal the server's, which has no document.
  const mounted = useMounted()
  watch([mounted, cookie], () => {
    if (mounted.value) seen.value = cookie.value && scriptView(document.cookie, cookie.value.name)
  })
  return seen
}
