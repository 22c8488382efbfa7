/** Whether a press does anything yet. In the server's HTML it does not, until the page's scripts have taken over. */
export function useInteractive(): Readonly<Ref<boolean>> {
  const interactive = ref(import.meta.client && !useNuxtApp().isHydrating)
  onMounted(() => {
    interactive.value = true
  })
  return interactive
}
