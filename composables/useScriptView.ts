import type { SessionView } from '#cloakroom'
import { useMounted } from '@vueuse/core'
import { scriptView, type ScriptView } from './session/evidence'

/** Really asks `document.cookie`, once mounted and again whenever the answer on the page changes. */
export function useScriptView(view: Readonly<Ref<SessionView | null>>) {
  const seen = ref<ScriptView | null>(null)

  function look() {
    const name = view.value?.cookie?.name
    seen.value = name === undefined ? null : scriptView(document.cookie, name)
  }

  const mounted = useMounted()
  // Not before: until then, this render has to be the server's, and the server has no document.
  watch([mounted, view], () => mounted.value && look())

  return seen
}
