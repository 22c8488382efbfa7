import { onScopeDispose, ref, watch } from 'vue'
import type { Ref } from 'vue'
import { useState, useUserSession } from '#imports'
import type { KnownSession } from '../session/known'

/** What one user has left unfinished in a form. */
interface KeptForm {
  readonly owner: string
  readonly value: unknown
}

/** Of this tab: the server keeps none, so no visitor's can reach another there. */
const forms = new Map<string, KeptForm>()

/**
 * Keeps what a signed-in user has entered over the end of their session (WCAG 2.2, 2.2.5): when they have signed in again and come back to the
 * page in this tab, `form` is as they left it. Call it in `setup`, after `form` has what it starts with.
 *
 * It is kept in the tab's memory and for that one user; a reload, or signing in by way of another site, loses it. Whoever signs out themselves leaves
 * nothing behind. Not for passwords.
 *
 * @param key names the form, once in the app
 * @returns whether `form` has been restored
 */
export function useKeptForm<Form>(key: string, form: Ref<Form>): Readonly<Ref<boolean>> {
  const restored = ref(false)
  if (import.meta.server) return restored
  const { ended } = useUserSession()
  const known = useState<KnownSession>('session')
  let owner: string | null = null
  let touched = false

  watch(() => ownerOf(known.value), now => owner ??= now, { immediate: true, flush: 'sync' })
  watch(form, () => touched = true, { deep: true, flush: 'sync' })
  if (owner !== null) forgetOthers(owner)
  const kept = forms.get(key)
  if (kept && owner !== null) {
    forms.delete(key)
    form.value = kept.value as Form
    restored.value = true
  }
  onScopeDispose(() => {
    const isOver = owner !== null && ownerOf(known.value) !== owner && ended.value !== 'signed_out'
    if (isOver && touched) forms.set(key, { owner: owner!, value: form.value })
  })
  return restored
}

/** Another user's words are nothing that this tab should still hold. */
function forgetOthers(owner: string) {
  for (const [key, kept] of forms) if (kept.owner !== owner) forms.delete(key)
}

function ownerOf({ view }: KnownSession): string | null {
  return view?.session?.owner ?? null
}
