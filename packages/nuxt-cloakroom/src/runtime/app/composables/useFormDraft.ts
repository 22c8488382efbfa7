import { onScopeDispose, ref, watch } from 'vue'
import type { Ref } from 'vue'
import { useUserSession } from './useUserSession'

/** What one user has left unfinished in a form. */
interface FormDraft {
  readonly userId: string
  readonly value: unknown
}

/** In this tab's memory: the server keeps none, so no user's draft can reach another one there. */
const drafts = new Map<string, FormDraft>()

/**
 * Keeps what a signed-in user has typed when their session ends (WCAG 2.2, 2.2.5): when they sign in again and return
 * to the page in this tab, `form` has the same content. Call it in `setup`, after `form` has its initial value.
 *
 * The draft stays in the tab's memory, for this user; a reload, or signing in through another site, loses it. A user
 * who signs out leaves no draft. Not for passwords.
 *
 * @param key identifies the form in the app
 * @returns whether `form` was restored
 */
export function useFormDraft<Form>(key: string, form: Ref<Form>): Readonly<Ref<boolean>> {
  const restored = ref(false)
  if (import.meta.server) return restored
  const { details, ended } = useUserSession()
  const currentUser = () => details.value?.userId ?? null
  let userId: string | null = null
  let isTouched = false

  watch(currentUser, (current) => {
    userId ??= current
  }, { immediate: true, flush: 'sync' })
  watch(form, () => {
    isTouched = true
  }, { deep: true, flush: 'sync' })
  if (userId !== null) forgetOthers(userId)
  const draft = drafts.get(key)
  if (draft && userId !== null) {
    drafts.delete(key)
    form.value = draft.value as Form
    restored.value = true
  }
  onScopeDispose(() => {
    const hasEnded = userId !== null && currentUser() !== userId && ended.value !== 'signed_out'
    if (hasEnded && isTouched) drafts.set(key, { userId: userId!, value: form.value })
  })
  return restored
}

/** Another user's text must not stay in this tab. */
function forgetOthers(userId: string) {
  for (const [key, draft] of drafts) if (draft.userId !== userId) drafts.delete(key)
}
