const SIGN_IN = '/sign-in'
const COMPARE = '/compare'
const DIAGNOSE = '/diagnose'
const LINKS = [
  { label: 'Session', to: '/' },
  { label: 'Sign in', to: SIGN_IN },
  { label: 'Devices', to: '/devices' },
  { label: 'Compare', to: COMPARE },
  { label: 'Diagnose', to: DIAGNOSE },
]

/** The header's links, as far as their pages exist: the comparison's and the diagnosis's only while they are on. Whoever is signed in need not be asked to. */
export function useSiteLinks() {
  const { loggedIn } = useUserSession()
  const ports = useComparisonPorts()
  const isDiagnosing = useDiagnosisSwitch()
  const paths = new Set(useRouter().getRoutes().map(route => route.path))
  const hidden = computed(() => [loggedIn.value && SIGN_IN, !ports.value && COMPARE, !isDiagnosing.value && DIAGNOSE])
  return computed(() => LINKS.filter(({ to }) => paths.has(to) && !hidden.value.includes(to)))
}
