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
 * The header's links, as far as their pages exist: those of the comparison and the diagnosis only while they are on.
 * Whoever is signed in need not be asked to, and nobody else has an account.
 */
export function useSiteLinks() {
  const { loggedIn } = useUserSession()
  const paths = new Set(useRouter().getRoutes().map(route => route.path))
  return computed(() => LINKS.filter(({ to }) => paths.has(to) && to !== (loggedIn.value ? SIGN_IN : ACCOUNT)))
}
