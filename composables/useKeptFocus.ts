/**
 * When a `change` takes the focused element out of `container`, gives the focus to the input inside, else to the
 * element that `fallbackId` names: a keyboard user would start over at the top of the page. Focus elsewhere is left
 * alone.
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
