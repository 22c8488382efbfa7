import { describe, expect, it } from 'vitest'
import type { PageFacts } from '../../../layers/session/app/diagnose/page-causes'
import { completeFinding } from '../../../layers/session/app/diagnose/page-causes'
import { diagnose } from '../../../layers/session/server/diagnose/find'
import type { CookieOutcome, Diagnosis } from '../../../layers/session/shared/types/diagnosis'
import { tellCall, tellClock, tellKeeping } from '../../../composables/diagnose/words'

const NEVER_CAME = { asMade: false, included: false, omitted: false }

/** The app's own page, in a browser that keeps cookies and sent none. */
function page(odd: Partial<PageFacts> = {}): PageFacts {
  return {
    origin: 'https://localhost:3000',
    api: 'https://localhost:3000',
    crossOrigin: false,
    credentials: 'same-origin',
    cookieEnabled: true,
    keepsCookies: true,
    hasStorageAccess: true,
    embedded: false,
    status: 200,
    cookieCame: NEVER_CAME,
    clockAheadMs: 0,
    ...odd,
  }
}

function server(outcome: CookieOutcome = 'absent', { scheme = 'https', clockAheadMs = 0 }: { scheme?: 'http' | 'https', clockAheadMs?: number } = {}): Diagnosis {
  return diagnose({
    request: { scheme, host: 'localhost:3000', origin: null, originIs: null, site: 'same-origin', dest: 'empty', storageAccess: null, otherCookies: 0 },
    cookie: { name: '__Host-session', attributes: [], outcome, bytes: null, endedAt: 0 },
    server: { now: 0, origins: ['https://localhost:3000'], crossSite: false, givenAt: [] },
    clockAheadMs,
  })
}

describe('the finding of both sides', () => {
  it.each<[string, Diagnosis | null, Partial<PageFacts>, string[]]>([
    ['the browser holds none', server(), {}, ['holds_none']],
    ['the browser keeps none', server(), { keepsCookies: false }, ['not_kept']],
    ['over plain HTTP the browser keeps none', server('absent', { scheme: 'http' }), { keepsCookies: false }, ['plain_http']],
    ['over plain HTTP the browser keeps them all the same', server('absent', { scheme: 'http' }), {}, ['holds_none', 'plain_http']],
    ['a cookie came that does not count', server('unknown_key'), { cookieCame: { asMade: true, included: true, omitted: false } }, ['unknown_key']],
    ['a cookie came in a browser that keeps none any more', server('alive'), { keepsCookies: false, cookieCame: { asMade: true, included: true, omitted: false } }, ['alive']],
    ['the call leaves it out', server(), { crossOrigin: true, cookieCame: { asMade: false, included: true, omitted: false } }, ['credentials_left_out']],
    ['another origin\'s cookies, of which this page cannot tell', server(), { crossOrigin: true }, ['no_cookie']],
    ['the clocks are apart', server('absent', { clockAheadMs: 1e6 }), {}, ['clock_off']],
    ['the diagnosis is off', null, { status: 404 }, ['switched_off']],
    ['no answer', null, { status: null }, ['unreachable']],
    ['no answer of another origin', null, { status: null, crossOrigin: true }, ['unreachable']],
    ['an outage', null, { status: 500 }, ['unreachable']],
  ])('%s', (_, from, odd, codes) => {
    const { finding, also } = completeFinding(from, page(odd))
    expect([finding.code, ...also.map(({ code }) => code)]).toEqual(codes)
    for (const sentence of [finding.because, finding.remedy]) expect(sentence).toMatch(/^[A-Zh](?:[^.!?]|[.:]\S|\.\.)*\.$/)
  })

  it('says of a page in a frame that it is in one', () => {
    const because = (odd: Partial<PageFacts>) => completeFinding(server(), page({ keepsCookies: false, ...odd })).finding.because
    expect(because({ embedded: true, hasStorageAccess: false })).toContain('in a frame of another page and without storage access')
    expect(because({ embedded: true, hasStorageAccess: null })).toContain('in a frame of another page,')
    expect(because({})).not.toContain('frame')
  })
})

describe('the words for what a page found out', () => {
  it('tell a call, a trial and two clocks', () => {
    expect([true, false, null].map(tellCall)).toEqual(['brought the cookie', 'brought no cookie', 'no answer'])
    expect([{}, { keepsCookies: false }, { keepsCookies: false, cookieEnabled: false }].map(odd => tellKeeping(page(odd)))).toEqual(['kept: one was set and found', 'not kept: one was set and was gone', 'switched off'])
    expect([null, 1999, -2000, 119_000, -120_000].map(tellClock)).toEqual(['not known', 'as the server’s', '2 s behind the server’s', '119 s ahead of the server’s', '2 min behind the server’s'])
  })
})
