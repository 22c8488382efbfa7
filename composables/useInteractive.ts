/**
 * Whether a press has an effect: not in the server's HTML before hydration. On a page that the browser renders itself
 * it is `true` from the first render on, one render earlier than `useMounted`.
 */
export function useInteractive(): Readonly<Ref<boolean>> {
  const interactive = ref(import.meta.client && !useNuxtApp().isHydrating)
  onMounted(() => {
    interactive.value = true
  })
  return interactive
}
