/**
 * Keeps what the visitor, their browser or their password manager has put into a form of the server's HTML before the page's
 * scripts took over: hydration would set each field back to what the server knew. Call it in the component that renders the form.
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

function changedFields(formId: string): HTMLInputElement[] {
  const form = document.getElementById(formId)
  const fields = form instanceof HTMLFormElement ? [...form.elements] : []
  return fields.filter(field => field instanceof HTMLInputElement)
    .filter(field => field.value !== field.defaultValue || field.checked !== field.defaultChecked)
}

function replayOf(field: HTMLInputElement): () => void {
  const { value, checked } = field
  return () => {
    Object.assign(field, { value, checked })
    field.dispatchEvent(new Event('input', { bubbles: true }))
    field.dispatchEvent(new Event('change', { bubbles: true }))
  }
}
