import { useDocumentVisibility, useWindowFocus, whenever } from '@vueuse/core'

/**
 * Calls `back` when the visitor comes back to this page: from another tab, another window, or the browser's own
 * history.
 */
export function useReturn(back: () => unknown) {
  const visibility = useDocumentVisibility()
  const focused = useWindowFocus()
  // One condition for both: coming back to a tab changes them together, and once is enough.
  const present = computed(() => visibility.value === 'visible' && focused.value)
  whenever(present, () => back())
}
