/**
 * Loads the comparison's page from the server, and the next page too. The comparison has a separate content security
 * policy, and a browser applies the policy of the page that it loaded last.
 */
export default defineNuxtRouteMiddleware((to, from) => {
  if (import.meta.server || useNuxtApp().isHydrating) return
  const isComparison = (path: string) => path === '/compare'
  if (isComparison(to.path) !== isComparison(from.path)) return navigateTo(to.fullPath, { external: true })
})
