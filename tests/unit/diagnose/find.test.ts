import { describe, expect, it } from 'vitest'
import { CIRCUMSTANCES } from '../../../layers/session/server/diagnose/circumstances'
import { COOKIE_CAUSES } from '../../../layers/session/server/diagnose/cookie-causes'
import { diagnose } from '../../../layers/session/server/diagnose/find'
import { inWords, list } from '../../../layers/session/server/diagnose/words'
import type { CookieOutcome, DiagnosisFacts, RequestFacts, ServerFacts } from '../../../layers/session/shared/types/diagnosis'

const NOW = Date.UTC(2026, 0, 1)

interface Odd {
  request?: Partial<RequestFacts>
  server?: Partial<ServerFacts>
  outcome?: CookieOutcome
  clockAheadMs?: number | null
}

/** A request from the app's own page, and whatever is odd with it. */
function facts({ request, server, outcome = 'absent', clockAheadMs = null }: Odd = {}): DiagnosisFacts {
  return {
    request: { scheme: 'https', host: 'localhost:3000', origin: null, originIs: null, site: 'same-origin', dest: 'empty', storageAccess: null, otherCookies: 0, ...request },
    cookie: { name: '__Host-session', attributes: [], outcome, bytes: 122, endedAt: NOW - 90_000 },
    server: { now: NOW, origins: ['https://localhost:3000', 'https://127.0.0.1:3000'], crossSite: false, givenAt: [], ...server },
    clockAheadMs,
  }
}

const codes = (odd: Odd) => {
  const { finding, also } = diagnose(facts(odd))
  return [finding.code, ...also.map(({ code }) => code)]
}

describe('the finding where no cookie came', () => {
  const FROM_ANOTHER_SITE = { origin: 'https://app.example', originIs: 'listed', site: 'cross-site' } as const

  it.each<[string, Odd, string[]]>([
    ['nothing is known', {}, ['no_cookie']],
    ['the page came over plain HTTP', { request: { scheme: 'http', site: null } }, ['plain_http']],
    ['nobody says how it came', { request: { scheme: 'unknown' } }, ['no_cookie']],
    ['the host is none of ours', { request: { host: '192.168.1.20:3000' } }, ['wrong_host']],
    ['the host is ours in capitals, on another port', { request: { host: 'LOCALHOST:8443' } }, ['no_cookie']],
    ['cookies were given out at another of our hosts', { request: { host: '127.0.0.1:3000' }, server: { givenAt: ['localhost'] } }, ['wrong_host']],
    ['cookies were given out at this host too', { request: { host: '127.0.0.1:3000' }, server: { givenAt: ['127.0.0.1', 'localhost'] } }, ['no_cookie']],
    ['the server knows no host of its own', { request: { host: 'anything' }, server: { origins: [] } }, ['no_cookie']],
    ['a page that is not listed called', { request: { ...FROM_ANOTHER_SITE, originIs: 'foreign' } }, ['origin_not_listed']],
    ['another site called, and the cookie is Lax', { request: FROM_ANOTHER_SITE }, ['cross_site_lax']],
    ['somebody followed a link from another site', { request: { site: 'cross-site', dest: 'document' } }, ['no_cookie']],
    ['another site called, and third-party cookies are blocked', { request: { ...FROM_ANOTHER_SITE, storageAccess: 'none' }, server: { crossSite: true } }, ['third_party_blocked']],
    ['another site called, and third-party cookies are let through', { request: { ...FROM_ANOTHER_SITE, storageAccess: 'active' }, server: { crossSite: true } }, ['cross_origin']],
    ['another port called', { request: { origin: 'https://localhost:2015', originIs: 'listed', site: 'same-site' } }, ['cross_origin']],
    ['a listed origin called from a browser that tells no site', { request: { origin: 'https://app.example', originIs: 'listed', site: null } }, ['cross_origin']],
    ['the clocks are a minute apart', { clockAheadMs: -60_000 }, ['clock_off']],
    ['the clocks are less than a minute apart', { clockAheadMs: 59_999 }, ['no_cookie']],
    ['several things are odd', { request: { scheme: 'http', host: 'x' }, clockAheadMs: 1e6 }, ['plain_http', 'wrong_host', 'clock_off']],
  ])('%s', (_, odd, expected) => {
    expect(codes(odd)).toEqual(expected)
  })
})

describe('the finding where a cookie came', () => {
  it('is the cookie\'s own, and tells besides only what may matter all the same', () => {
    expect(codes({ outcome: 'alive', request: { scheme: 'http', site: 'cross-site' }, server: { givenAt: ['127.0.0.1'] } })).toEqual(['alive', 'plain_http'])
    expect(codes({ outcome: 'expired_idle', clockAheadMs: 3_600_000 })).toEqual(['expired_idle', 'clock_off'])
  })

  it('says how long ago the session ended, if that is known', () => {
    const { finding } = diagnose(facts({ outcome: 'signed_out' }))
    expect(finding.because).toContain(', 90 seconds ago.')
    expect(diagnose({ ...facts(), cookie: { ...facts().cookie, outcome: 'revoked', endedAt: null } }).finding.because).not.toContain('ago')
  })
})

describe('every cause', () => {
  const all = [
    ...Object.entries(COOKIE_CAUSES).map(([code, cause]) => ({ code, ...cause })),
    ...CIRCUMSTANCES.map(({ code, because, remedy }) => ({ code, because, remedy })),
  ]
  const odd = facts({ request: { origin: 'https://app.example' }, server: { givenAt: ['127.0.0.1'] }, clockAheadMs: 1e6 })

  it.each(all)('$code is one sentence, and what to do is another', ({ because, remedy }) => {
    for (const sentence of [because(odd), remedy(odd)]) expect(sentence).toMatch(/^[A-Z](?:[^.!?]|[.:]\S)*\.$/)
    expect(remedy({ ...odd, server: { ...odd.server, crossSite: true } })).toMatch(/\.$/)
  })
})

it.each([[0, '1 second'], [1499, '1 second'], [119_000, '119 seconds'], [120_000, '2 minutes'], [-7_200_000, '2 hours'], [172_800_000, '2 days']])('%i ms are %s', (ms, words) => {
  expect(inWords(ms)).toBe(words)
})

it('lists one, two and three', () => {
  expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map(list)).toEqual(['a', 'a and b', 'a, b and c'])
})
