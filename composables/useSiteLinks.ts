const SIGN_IN = '/sign-in'
const ACCOUNT = '/account'
const LINKS = [
  { label: 'Session', to: '/' },
  { label: 'Sign in', to: SIGN_IN },
  { label: 'Devices', to: '/devices' },
  { label: 'Account', to: ACCOUNT },
  { label: 'Compare', to: '/compare' },
  { label: 'Diagnose', to: '/diagnose' },
]

/**
 * The header's links to pages that exist: the comparison and the diagnosis only while they are switched on, "Sign in"
 * only for anonymous visitors, and "Account" only for signed-in users.
 */
export function useSiteLinks() {
  const { loggedIn } = useUserSession()
  const paths = new Set(useRouter().getRoutes().map(route => route.path))
  return computed(() => LINKS.filter(({ to }) => paths.has(to) && to !== (loggedIn.value ? SIGN_IN : ACCOUNT)))
}
