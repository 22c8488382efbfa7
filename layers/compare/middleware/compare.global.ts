/**
 * The comparison's page is always loaded anew, and left so: it has a content security policy of its own, and a browser
 * keeps the policy of the page that it loaded last.
 */
export default defineNuxtRouteMiddleware((to, from) => {
  if (import.meta.server || useNuxtApp().isHydrating) return
  const isComparison = (path: string) => path === '/compare'
  if (isComparison(to.path) !== isComparison(from.path)) return navigateTo(to.fullPath, { external: true })
})
