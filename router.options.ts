import type { RouterConfig } from 'nuxt/schema'

/**
 * Leaves out pages that are switched off: a page with `shownIf` exists only while the state of that name is set. Its
 * address is otherwise as unknown as any other, on the server and in the browser, and its script is never requested.
 */
export default {
  routes: routes => routes.filter(({ meta }) => !meta?.shownIf || useState(String(meta.shownIf)).value !== undefined),
} satisfies RouterConfig
