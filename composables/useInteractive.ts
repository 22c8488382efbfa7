/**
 * Whether a press does anything yet. In the server's HTML it does not, until the page's scripts have taken over. On a
 * page that the browser renders itself it does at once, which `useMounted` would say a render later.
 */
export function useInteractive(): Readonly<Ref<boolean>> {
  const interactive = ref(import.meta.client && !useNuxtApp().isHydrating)
  onMounted(() => {
    interactive.value = true
  })
  return interactive
}
