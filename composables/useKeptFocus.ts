/**
 * When a `change` removes the focused element from `container`, focuses the input in it, otherwise the element with the
 * id `fallbackId`. Without this, keyboard users would start again at the top of the page. A focus outside of
 * `container` is left alone.
 */
export function useKeptFocus(container: Readonly<Ref<HTMLElement | null>>, change: () => unknown, fallbackId: string) {
  const hasFocus = () => container.value?.contains(document.activeElement) ?? false
  let hadFocus = false

  watch(change, () => {
    hadFocus = hasFocus()
  }, { flush: 'pre' })

  watch(change, () => {
    if (!hadFocus || hasFocus()) return
    const target = container.value?.querySelector('input') ?? document.getElementById(fallbackId)
    target?.focus()
  }, { flush: 'post' })
}
