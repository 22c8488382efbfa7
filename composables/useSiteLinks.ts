const SIGN_IN = '/sign-in'
const COMPARE = '/compare'
const LINKS = [
  { label: 'Session', to: '/' },
  { label: 'Sign in', to: SIGN_IN },
  { label: 'Devices', to: '/devices' },
  { label: 'Compare', to: COMPARE },
]

/** The header's links, as far as their pages exist: the comparison's only while it is on. Whoever is signed in need not be asked to. */
export function useSiteLinks() {
  const { loggedIn } = useUserSession()
  const ports = useComparisonPorts()
  const paths = new Set(useRouter().getRoutes().map(route => route.path))
  return computed(() => LINKS.filter(({ to }) => paths.has(to) && !(loggedIn.value && to === SIGN_IN) && !(to === COMPARE && !ports.value)))
}
