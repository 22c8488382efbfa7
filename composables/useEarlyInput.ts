/**
 * Keeps what the visitor, their browser or their password manager has put into a form of the server's HTML before the
 * page's scripts took over: hydration would set each field back to what the server knew. Call it in the component that
 * renders the form.
 */
export function useEarlyInput(formId: string): void {
  if (import.meta.server || !useNuxtApp().isHydrating) return
  let replays: (() => void)[] = []

  // Before, the fields are as the visitor left them; afterwards, the listeners of the form's components hear of it.
  onBeforeMount(() => {
    replays = changedFields(formId).map(field => replayOf(field))
  })
  onMounted(() => {
    for (const replay of replays) replay()
  })
}

type Field = HTMLInputElement | HTMLTextAreaElement

function changedFields(formId: string): Field[] {
  const form = document.getElementById(formId)
  const fields = form instanceof HTMLFormElement ? [...form.elements] : []
  return fields
    .filter(isField)
    .filter(
      field => field.value !== field.defaultValue || ('checked' in field && field.checked !== field.defaultChecked),
    )
}

function isField(element: Element): element is Field {
  return element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement
}

function replayOf(field: Field): () => void {
  const entered = 'checked' in field ? { value: field.value, checked: field.checked } : { value: field.value }
  return () => {
    Object.assign(field, entered)
    field.dispatchEvent(new Event('input', { bubbles: true }))
    field.dispatchEvent(new Event('change', { bubbles: true }))
  }
}
