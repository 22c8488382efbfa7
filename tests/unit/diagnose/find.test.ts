import { describe, expect, it } from 'vitest'
import { CIRCUMSTANCES } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/circumstances'
import { COOKIE_CAUSES } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/cookie-causes'
import { diagnose } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/find'
import { formatDuration, formatList } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/wording'
import type {
  CookieOutcome, DiagnosisFacts, RequestFacts, ServerFacts,
} from '../../../packages/nuxt-cloakroom/src/runtime/shared/types/diagnosis'

const NOW = Date.UTC(2026, 0, 1)

interface Unusual {
  request?: Partial<RequestFacts>
  server?: Partial<ServerFacts>
  outcome?: CookieOutcome
  clockAheadMs?: number | null
}

/** A request from the app's own page, with whatever is unusual about it. */
function facts({ request, server, outcome = 'absent', clockAheadMs = null }: Unusual = {}): DiagnosisFacts {
  return {
    request: {
      scheme: 'https', host: 'localhost:3000', origin: null, originIs: null, site: 'same-origin', dest: 'empty',
      storageAccess: null, otherCookies: 0, ...request,
    },
    cookie: { name: '__Host-session', attributes: [], outcome, bytes: 122, endedAt: NOW - 90_000 },
    server: {
      now: NOW, origins: ['https://localhost:3000', 'https://127.0.0.1:3000'], crossSite: false, cookieHosts: [],
      ...server,
    },
    clockAheadMs,
  }
}

const codes = (unusual: Unusual) => {
  const { finding, also } = diagnose(facts(unusual))
  return [finding.code, ...also.map(({ code }) => code)]
}

describe('the finding for a request without a session cookie', () => {
  const OTHER_SITE = { origin: 'https://app.example', originIs: 'listed', site: 'cross-site' } as const

  it.each<[situation: string, codes: string[], unusual: Unusual]>([
    ['nothing is unusual', ['no_cookie'], {}],
    ['the page came over plain HTTP', ['plain_http'], { request: { scheme: 'http', site: null } }],
    ['no proxy reports the scheme', ['no_cookie'], { request: { scheme: 'unknown' } }],
    ['the host is not one of this server', ['wrong_host'], { request: { host: '192.168.1.20:3000' } }],
    [
      'the host is this server\'s in capitals, on another port', ['no_cookie'],
      { request: { host: 'LOCALHOST:8443' } },
    ],
    [
      'cookies were set for another of this server\'s hosts', ['wrong_host'],
      { request: { host: '127.0.0.1:3000' }, server: { cookieHosts: ['localhost'] } },
    ],
    [
      'cookies were set for this host too', ['no_cookie'],
      { request: { host: '127.0.0.1:3000' }, server: { cookieHosts: ['127.0.0.1', 'localhost'] } },
    ],
    [
      'the server does not know its own hosts', ['no_cookie'],
      { request: { host: 'anything' }, server: { origins: [] } },
    ],
    [
      'a page called whose origin is not listed', ['origin_not_listed'],
      { request: { ...OTHER_SITE, originIs: 'foreign' } },
    ],
    ['a page of another site called, and the cookie is Lax', ['cross_site_lax'], { request: OTHER_SITE }],
    [
      'a user followed a link from another site', ['no_cookie'],
      { request: { site: 'cross-site', dest: 'document' } },
    ],
    [
      'a page of another site called, and the browser blocks third-party cookies', ['third_party_blocked'],
      { request: { ...OTHER_SITE, storageAccess: 'none' }, server: { crossSite: true } },
    ],
    [
      'a page of another site called, and the browser allows third-party cookies', ['cross_origin'],
      { request: { ...OTHER_SITE, storageAccess: 'active' }, server: { crossSite: true } },
    ],
    [
      'a page on another port called', ['cross_origin'],
      { request: { origin: 'https://localhost:2015', originIs: 'listed', site: 'same-site' } },
    ],
    [
      'a page of a listed origin called, in a browser without Fetch Metadata', ['cross_origin'],
      { request: { origin: 'https://app.example', originIs: 'listed', site: null } },
    ],
    ['the clocks differ by a minute', ['clock_off'], { clockAheadMs: -60_000 }],
    ['the clocks differ by less than a minute', ['no_cookie'], { clockAheadMs: 59_999 }],
    [
      'several facts are unusual', ['plain_http', 'wrong_host', 'clock_off'],
      { request: { scheme: 'http', host: 'x' }, clockAheadMs: 1e6 },
    ],
  ])('when %s, is %j', (_, expected, unusual) => {
    expect(codes(unusual)).toEqual(expected)
  })
})

describe('the finding for a request with a session cookie', () => {
  it('is that of the cookie, and `also` lists only what may matter with a cookie as well', () => {
    expect(codes({
      outcome: 'active', request: { scheme: 'http', site: 'cross-site' }, server: { cookieHosts: ['127.0.0.1'] },
    })).toEqual(['active', 'plain_http'])
    expect(codes({ outcome: 'expired_idle', clockAheadMs: 3_600_000 })).toEqual(['expired_idle', 'clock_off'])
  })

  it('includes how long ago the session ended, if that is known', () => {
    const { finding } = diagnose(facts({ outcome: 'signed_out' }))
    expect(finding.because).toContain(', 90 seconds ago.')
    const withoutTime = { ...facts(), cookie: { ...facts().cookie, outcome: 'revoked', endedAt: null } } as const
    expect(diagnose(withoutTime).finding.because).not.toContain('ago')
  })
})

describe('each cause', () => {
  const all = [
    ...Object.entries(COOKIE_CAUSES).map(([code, cause]) => ({ code, ...cause })),
    ...CIRCUMSTANCES.map(({ code, because, remedy }) => ({ code, because, remedy })),
  ]
  const unusual = facts({
    request: { origin: 'https://app.example' }, server: { cookieHosts: ['127.0.0.1'] }, clockAheadMs: 1e6,
  })

  it.each(all)('has one sentence about what is wrong and one about what to do: $code', ({ because, remedy }) => {
    for (const sentence of [because(unusual), remedy(unusual)]) {
      expect(sentence).toMatch(/^[A-Z](?:[^.!?]|[.:]\S)*\.$/)
    }
    expect(remedy({ ...unusual, server: { ...unusual.server, crossSite: true } })).toMatch(/\.$/)
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '1 second'],
    [1499, '1 second'],
    [119_000, '119 seconds'],
    [120_000, '2 minutes'],
    [-7_200_000, '2 hours'],
    [172_800_000, '2 days'],
  ])('formats %i ms as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text)
  })
})

describe('formatList', () => {
  it('joins one, two and three items', () => {
    expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map(formatList)).toEqual(['a', 'a and b', 'a, b and c'])
  })
})
