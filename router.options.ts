import type { RouterConfig } from 'nuxt/schema'

/**
 * Removes pages that are switched off: a page with `shownIf` exists only while the state of that name is set.
 * Otherwise its path is as unknown as any other, on the server and in the browser, and its script is never requested.
 */
export default {
  routes: routes => routes.filter(({ meta }) => !meta?.shownIf || useState(String(meta.shownIf)).value !== undefined),
} satisfies RouterConfig
