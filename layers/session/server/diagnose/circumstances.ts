import type { CircumstanceCode, DiagnosisFacts, RequestFacts } from '../../shared/types/diagnosis'
import type { Cause } from './cookie-causes'
import { inWords, list } from './words'

/** A clock that is less off than this keeps no cookie from anybody. */
const CLOCK_TOLERANCE_MS = 60_000

/** A cause that the request itself shows, whether a cookie came or not. */
export interface Circumstance extends Cause {
  readonly code: CircumstanceCode
  applies(facts: DiagnosisFacts): boolean
  /** It explains a missing cookie and nothing else; with a cookie there it is not worth a word. */
  readonly onlyWithoutCookie: boolean
}

const withoutCookie = { onlyWithoutCookie: true }
const anyway = { onlyWithoutCookie: false }

/** In the order in which they decide: the first that applies is the finding if no cookie came. The last applies always. */
export const CIRCUMSTANCES: readonly Circumstance[] = [
  {
    code: 'plain_http',
    ...anyway,
    applies: ({ request }) => request.scheme === 'http',
    because: ({ cookie }) => `The request came over plain HTTP, and ${cookie.name} is a Secure cookie, which browsers keep from and send over HTTPS alone; some make an exception for localhost.`,
    remedy: () => 'Open the page by https://; behind a proxy, end TLS there, have it send X-Forwarded-Proto, and redirect http to https.',
  },
  {
    code: 'wrong_host',
    ...anyway,
    applies: ({ request, server }) => isForeignHost(request.host, server.origins),
    because: ({ request, server }) => `The request came to ${hostName(request.host!)}, but this server goes by ${list(hostNames(server.origins))}, and a browser sends no host’s cookie to another.`,
    remedy: ({ server }) => `Open ${list(server.origins)}, or name the other address in NUXT_SESSION_ORIGIN and use it everywhere.`,
  },
  {
    code: 'origin_not_listed',
    ...anyway,
    applies: ({ request }) => request.originIs === 'foreign',
    because: ({ request }) => `A page of ${request.origin} called, and that origin is not on the allowlist, so the browser keeps the answers from the page, and the server refuses its changes.`,
    remedy: ({ request }) => `Set NUXT_SESSION_ALLOWED_ORIGINS=${request.origin}, or serve page and API from one origin.`,
  },
  {
    code: 'cross_site_lax',
    ...withoutCookie,
    applies: ({ request, server }) => isCallFrom(request, 'cross-site') && !server.crossSite,
    because: ({ request }) => `A page of another site${by(request.origin)} called, and the session cookie is SameSite=Lax, which a browser neither keeps from nor sends with such a call.`,
    remedy: () => 'Serve page and API from one site, or set NUXT_SESSION_CROSS_SITE=1, which makes it SameSite=None; Partitioned.',
  },
  {
    code: 'third_party_blocked',
    ...withoutCookie,
    applies: ({ request }) => isCallFrom(request, 'cross-site') && request.storageAccess === 'none',
    because: ({ request }) => `A page of another site${by(request.origin)} called, and this browser says that it blocks third-party cookies, so only a session begun from that very site could come along, and none did.`,
    remedy: () => 'Begin the session from the page that needs it, with credentials, since a Partitioned cookie is kept for that pair of sites alone, or serve page and API from one site.',
  },
  {
    code: 'cross_origin',
    ...withoutCookie,
    applies: ({ request }) => isCallFrom(request, 'cross-site') || isCallFrom(request, 'same-site') || request.originIs === 'listed',
    because: ({ request }) => `A page of another origin${by(request.origin)} called without a session cookie: it left out credentials, or the browser has none for it, and the request does not show which.`,
    remedy: () => 'Say credentials: \'include\' (in axios withCredentials: true) with every call, with the one that begins the session too.',
  },
  {
    code: 'wrong_host',
    ...withoutCookie,
    applies: ({ request, server }) => server.givenAt.length > 0 && request.host !== null && !server.givenAt.includes(hostName(request.host)),
    because: ({ request, server }) => `No session cookie came to ${hostName(request.host!)}; since its start this server has given out some at ${list(server.givenAt)} only, and a browser sends no host’s cookie to another.`,
    remedy: ({ server }) => `Use one name everywhere: open ${list(server.givenAt)}, or begin a session here.`,
  },
  {
    code: 'clock_off',
    ...anyway,
    applies: ({ clockAheadMs }) => clockAheadMs !== null && Math.abs(clockAheadMs) >= CLOCK_TOLERANCE_MS,
    because: ({ clockAheadMs }) => `The caller’s clock is ${inWords(clockAheadMs!)} ${clockAheadMs! > 0 ? 'ahead of' : 'behind'} the server’s: a browser ends remembered cookies and judges certificates by its own clock.`,
    remedy: () => 'Set both clocks, best by NTP, then sign in again.',
  },
  {
    code: 'no_cookie',
    ...withoutCookie,
    applies: () => true,
    because: () => 'No session cookie came, and a request does not show whether the browser has none or kept it back.',
    remedy: () => 'Do what begins a session, since reading begins none, look for Set-Cookie in that answer, and ask again, best from a page in that browser.',
  },
]

/** A link that is followed, whatever page it is on, carries the cookie. */
function isCallFrom({ site, dest }: RequestFacts, where: 'same-site' | 'cross-site'): boolean {
  return site === where && dest !== 'document'
}

function by(origin: string | null): string {
  return origin === null ? '' : ` (${origin})`
}

/** The name without the port: cookies know no ports. */
export function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase()
}

/** The names in origins, each once. */
export function hostNames(origins: Iterable<string>): string[] {
  return [...new Set([...origins].map(origin => new URL(origin).hostname))]
}

function isForeignHost(host: string | null, origins: readonly string[]): boolean {
  return host !== null && origins.length > 0 && !hostNames(origins).includes(hostName(host))
}
