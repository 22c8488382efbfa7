/**
 * Keeps what the visitor, the browser or a password manager has entered into a form before hydration, which would reset
 * each field to the value that the server rendered. Call it in the component that renders the form.
 */
export function useEarlyInput(formId: string): void {
  if (import.meta.server || !useNuxtApp().isHydrating) return
  let replays: (() => void)[] = []

  // Before mounting, the fields have what was entered. After it, the components' listeners receive the events.
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
