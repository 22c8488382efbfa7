import { describe, expect, it } from 'vitest'
import { callText, clockText, storageText } from '../../../utils/diagnose/texts'
import { completeFinding } from '../../../packages/nuxt-cloakroom/src/runtime/app/diagnose/page-causes'
import { diagnose } from '../../../packages/nuxt-cloakroom/src/runtime/server/diagnose/find'
import type {
  CookieOutcome, Diagnosis, PageFacts,
} from '../../../packages/nuxt-cloakroom/src/runtime/shared/types/diagnosis'

const NEVER_SENT = { asMade: false, included: false, omitted: false }
const SENT = { asMade: true, included: true, omitted: false }

/** The app's own page, in a browser that accepts cookies and sent none. */
function page(unusual: Partial<PageFacts> = {}): PageFacts {
  return {
    origin: 'https://localhost:3000',
    api: 'https://localhost:3000',
    crossOrigin: false,
    credentials: 'same-origin',
    cookieEnabled: true,
    acceptsCookies: true,
    hasStorageAccess: true,
    embedded: false,
    status: 200,
    cookieSent: NEVER_SENT,
    clockAheadMs: 0,
    ...unusual,
  }
}

interface ServerSide {
  scheme?: 'http' | 'https'
  clockAheadMs?: number
}

function server(outcome: CookieOutcome = 'absent', { scheme = 'https', clockAheadMs = 0 }: ServerSide = {}): Diagnosis {
  return diagnose({
    request: {
      scheme, host: 'localhost:3000', origin: null, originIs: null, site: 'same-origin', dest: 'empty',
      storageAccess: null, otherCookies: 0,
    },
    cookie: { name: '__Host-session', attributes: [], outcome, bytes: null, endedAt: 0 },
    server: { now: 0, origins: ['https://localhost:3000'], crossSite: false, cookieHosts: [] },
    clockAheadMs,
  })
}

describe('the finding of server and page together', () => {
  const OVER_HTTP = server('absent', { scheme: 'http' })

  it.each<[situation: string, codes: string[], server: Diagnosis | null, page: Partial<PageFacts>]>([
    ['the browser holds no cookie', ['cookie_missing'], server(), {}],
    ['the browser accepts no cookie', ['cookie_rejected'], server(), { acceptsCookies: false }],
    ['the browser accepts no cookie over plain HTTP', ['plain_http'], OVER_HTTP, { acceptsCookies: false }],
    ['the browser accepts cookies even over plain HTTP', ['cookie_missing', 'plain_http'], OVER_HTTP, {}],
    ['a cookie came that is not valid', ['unknown_key'], server('unknown_key'), { cookieSent: SENT }],
    [
      'a cookie came from a browser that accepts no more', ['active'],
      server('active'), { acceptsCookies: false, cookieSent: SENT },
    ],
    [
      'the call omits the cookie', ['credentials_omitted'],
      server(), { crossOrigin: true, cookieSent: { ...NEVER_SENT, included: true } },
    ],
    [
      'the cookies are those of another origin, which the page cannot test', ['no_cookie'],
      server(), { crossOrigin: true },
    ],
    ['the clocks differ', ['clock_off'], server('absent', { clockAheadMs: 1e6 }), {}],
    ['the diagnosis is disabled', ['disabled'], null, { status: 404 }],
    ['the server does not respond', ['unreachable'], null, { status: null }],
    ['a server of another origin does not respond', ['unreachable'], null, { status: null, crossOrigin: true }],
    ['the server responds with an error', ['unreachable'], null, { status: 500 }],
  ])('when %s, is %j', (_, codes, fromServer, unusual) => {
    const { finding, also } = completeFinding(fromServer, page(unusual))
    expect([finding.code, ...also.map(({ code }) => code)]).toEqual(codes)
    for (const sentence of [finding.because, finding.remedy]) {
      expect(sentence).toMatch(/^[A-Zh](?:[^.!?]|[.:]\S|\.\.)*\.$/)
    }
  })

  it('mentions the frame of a page that is in one', () => {
    const because = (unusual: Partial<PageFacts>) =>
      completeFinding(server(), page({ acceptsCookies: false, ...unusual })).finding.because
    expect(because({ embedded: true, hasStorageAccess: false }))
      .toContain('in a frame of another page and without storage access')
    expect(because({ embedded: true, hasStorageAccess: null })).toContain('in a frame of another page,')
    expect(because({})).not.toContain('frame')
  })
})

describe('the wording of what a page found out', () => {
  it('describes a call, a trial cookie and two clocks', () => {
    expect([true, false, null].map(callText)).toEqual(['brought the cookie', 'brought no cookie', 'no answer'])
    const trials = [{}, { acceptsCookies: false }, { acceptsCookies: false, cookieEnabled: false }]
    expect(trials.map(unusual => storageText(page(unusual))))
      .toEqual(['kept: one was set and found', 'not kept: one was set and was gone', 'switched off'])
    expect([null, 1999, -2000, 119_000, -120_000].map(clockText)).toEqual([
      'not known', 'as the server’s', '2 s behind the server’s', '119 s ahead of the server’s',
      '2 min behind the server’s',
    ])
  })
})
