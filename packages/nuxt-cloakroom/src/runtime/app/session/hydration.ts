import type { useNuxtApp } from '#imports'

/**
 * Whether the browser takes over a page that the server has rendered. Nuxt's own `isHydrating` is also true for the
 * first page of an app without SSR, where the server has decided nothing.
 */
export function isHydratingPage({ isHydrating, payload }: ReturnType<typeof useNuxtApp>): boolean {
  return import.meta.client && isHydrating === true && payload.serverRendered === true
}
