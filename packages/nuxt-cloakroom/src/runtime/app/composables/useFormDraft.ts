import { onMounted, onScopeDispose, ref, watch } from 'vue'
import type { Ref } from 'vue'
import { useNuxtApp } from '#imports'
import { useAppScope } from '../session/app-scope'
import { draftPrefixOf, keepDraft, takeDraft } from '../session/form-drafts'
import { isHydratingPage } from '../session/hydration'
import { onReplacement } from '../session/page-user'
import { useUserSession } from './useUserSession'

/**
 * Keeps what a signed-in user has typed when their session ends (WCAG 2.2, 2.2.5): when they sign in again and return
 * to the page in this tab, `form` has the same content. Call it in `setup`, after `form` has its initial value.
 *
 * The draft belongs to this user, and is never restored for another one. It stays in the tab's memory; a reload, or
 * signing in through another site, loses it. If another user signs in, the tab loads the page again, and the draft is
 * in `sessionStorage` from then on, if it is plain data. A user who signs out leaves no draft. Not for passwords.
 *
 * @param key identifies the form in the app
 * @returns whether `form` was restored; on a page that the server has rendered, as soon as it is mounted
 */
export function useFormDraft<Form>(key: string, form: Ref<Form>): Readonly<Ref<boolean>> {
  const restored = ref(false)
  if (import.meta.server) return restored
  const { details, ended } = useUserSession()
  const { name } = useAppScope()
  const currentUser = () => details.value?.userId ?? null
  const keyOf = (userId: string) => draftPrefixOf(name, userId) + key
  let userId: string | null = null
  let isTouched = false

  function restore() {
    const draft = userId === null ? undefined : takeDraft(keyOf(userId))
    if (draft === undefined) return
    form.value = draft as Form
    restored.value = true
  }

  function keep() {
    if (userId !== null && isTouched && ended.value !== 'signed_out') keepDraft(keyOf(userId), form.value)
  }

  watch(currentUser, (current) => {
    userId ??= current
  }, { immediate: true, flush: 'sync' })
  watch(form, () => {
    isTouched = true
  }, { deep: true, flush: 'sync' })
  // The server has rendered the form without the draft.
  if (isHydratingPage(useNuxtApp())) onMounted(restore)
  else restore()
  const stop = onReplacement(keep)
  onScopeDispose(() => {
    stop()
    if (currentUser() !== userId) keep()
  })
  return restored
}
