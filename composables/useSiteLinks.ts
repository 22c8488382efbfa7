const LINKS = [
  { label: 'Session', to: '/' },
  { label: 'Sign in', to: '/sign-in' },
  { label: 'Devices', to: '/devices' },
  { label: 'Compare', to: '/compare' },
]

/** The header's links, as far as their pages exist; the comparison's only while it is on. */
export function useSiteLinks() {
  const paths = new Set(useRouter().getRoutes().map(route => route.path))
  if (!useComparisonPorts().value) paths.delete('/compare')
  return LINKS.filter(link => paths.has(link.to))
}
