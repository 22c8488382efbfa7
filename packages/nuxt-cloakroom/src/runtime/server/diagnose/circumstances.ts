import type { CircumstanceCode, DiagnosisFacts, RequestFacts } from '../../shared/types/diagnosis'
import type { Cause } from './cookie-causes'
import { formatDuration, formatList } from './wording'

/** A clock that is less off than this keeps no cookie from the server. */
const CLOCK_TOLERANCE_MS = 60_000

/** A cause that the request itself shows, whether a cookie came or not. */
export interface Circumstance extends Cause {
  readonly code: CircumstanceCode
  /** It explains a missing cookie and nothing else; with a cookie it is not reported. */
  readonly onlyWithoutCookie: boolean
  applies(facts: DiagnosisFacts): boolean
}

const withoutCookie = { onlyWithoutCookie: true }
const always = { onlyWithoutCookie: false }

/** In order of priority: the first that applies is the finding if no cookie came. The last one always applies. */
export const CIRCUMSTANCES: readonly Circumstance[] = [
  {
    code: 'plain_http',
    ...always,
    applies: ({ request }) => request.scheme === 'http',
    because: ({ cookie }) => `The request came over plain HTTP, and ${cookie.name} is a Secure cookie, which browsers `
      + `accept from and send over HTTPS alone; some make an exception for localhost.`,
    remedy: () => 'Open the page with https://; behind a proxy, end TLS there, let it send X-Forwarded-Proto, and '
      + 'redirect http to https.',
  },
  {
    code: 'wrong_host',
    ...always,
    applies: ({ request, server }) => isUnknownHost(request.host, server.origins),
    because: ({ request, server }) => `The request came to ${hostName(request.host!)}, but this server is `
      + `${formatList(hostNames(server.origins))}, and a browser sends no host’s cookie to another host.`,
    remedy: ({ server }) => `Open ${formatList(server.origins)}, or set the other address as NUXT_CLOAKROOM_ORIGIN and `
      + `use it everywhere.`,
  },
  {
    code: 'origin_not_listed',
    ...always,
    applies: ({ request }) => request.originIs === 'foreign',
    because: ({ request }) => `A page of ${request.origin} called, and that origin is not on the allowlist, so the `
      + `browser hides the responses from the page, and the server refuses its writes.`,
    remedy: ({ request }) => `Set NUXT_CLOAKROOM_ALLOWED_ORIGINS=${request.origin}, or serve page and API from one `
      + `origin.`,
  },
  {
    code: 'cross_site_lax',
    ...withoutCookie,
    applies: ({ request, server }) => isCallFrom(request, 'cross-site') && !server.crossSite,
    because: ({ request }) => `A page of another site${by(request.origin)} called, and the session cookie is `
      + `SameSite=Lax, which a browser neither accepts from nor sends with such a call.`,
    remedy: () => 'Serve page and API from one site, or set NUXT_CLOAKROOM_CROSS_SITE=1, which makes it SameSite=None; '
      + 'Partitioned.',
  },
  {
    code: 'third_party_blocked',
    ...withoutCookie,
    applies: ({ request }) => isCallFrom(request, 'cross-site') && request.storageAccess === 'none',
    because: ({ request }) => `A page of another site${by(request.origin)} called, and this browser says that it `
      + `blocks third-party cookies, so only a session that was started from that site could come along, and none did.`,
    remedy: () => 'Start the session from the page that needs it, with credentials, because a Partitioned cookie is '
      + 'stored for that pair of sites alone, or serve page and API from one site.',
  },
  {
    code: 'cross_origin',
    ...withoutCookie,
    applies: ({ request }) =>
      isCallFrom(request, 'cross-site') || isCallFrom(request, 'same-site') || request.originIs === 'listed',
    because: ({ request }) => `A page of another origin${by(request.origin)} called without a session cookie: it `
      + `omitted credentials, or the browser has no cookie for it, and the request does not show which.`,
    remedy: () => 'Pass credentials: \'include\' (in axios withCredentials: true) with every call, also with the one '
      + 'that starts the session.',
  },
  {
    code: 'wrong_host',
    ...withoutCookie,
    applies: ({ request, server }) =>
      server.cookieHosts.length > 0 && request.host !== null && !server.cookieHosts.includes(hostName(request.host)),
    because: ({ request, server }) => `No session cookie came to ${hostName(request.host!)}; since its start this `
      + `server has set some for ${formatList(server.cookieHosts)} only, and a browser sends no host’s cookie to `
      + `another host.`,
    remedy: ({ server }) => `Use one name everywhere: open ${formatList(server.cookieHosts)}, or start a session here.`,
  },
  {
    code: 'clock_off',
    ...always,
    applies: ({ clockAheadMs }) => clockAheadMs !== null && Math.abs(clockAheadMs) >= CLOCK_TOLERANCE_MS,
    because: ({ clockAheadMs }) => `The caller’s clock is ${aheadOrBehind(clockAheadMs!)} the server’s: a browser `
      + 'expires remembered cookies and checks certificates by its own clock.',
    remedy: () => 'Set both clocks, for example by NTP, then sign in again.',
  },
  {
    code: 'no_cookie',
    ...withoutCookie,
    applies: () => true,
    because: () => 'No session cookie came, and a request does not show whether the browser has none or did not send '
      + 'it.',
    remedy: () => 'Do what starts a session, because reading starts none, look for Set-Cookie in that response, and '
      + 'run the diagnosis again, preferably from a page in that browser.',
  },
]

/** The name without the port: cookies ignore ports. */
export function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase()
}

/** The host names of origins, each once. */
export function hostNames(origins: Iterable<string>): string[] {
  return [...new Set([...origins].map(origin => new URL(origin).hostname))]
}

/** A link that a user follows carries the cookie, on whatever page it is. */
function isCallFrom({ site, dest }: RequestFacts, where: 'same-site' | 'cross-site'): boolean {
  return site === where && dest !== 'document'
}

function aheadOrBehind(ms: number): string {
  return `${formatDuration(ms)} ${ms > 0 ? 'ahead of' : 'behind'}`
}

function by(origin: string | null): string {
  return origin === null ? '' : ` (${origin})`
}

function isUnknownHost(host: string | null, origins: readonly string[]): boolean {
  return host !== null && origins.length > 0 && !hostNames(origins).includes(hostName(host))
}
