import type { Diagnosis, Finding, PageCode } from '../../shared/types/diagnosis'

/** What only a page can know. */
export interface PageFacts {
  /** This page's own origin, and that of the server it asked. */
  origin: string
  api: string
  crossOrigin: boolean
  /** As the calls are made that lack the cookie. */
  credentials: RequestCredentials
  /** `navigator.cookieEnabled`, which Chromium leaves `true` where its user has blocked all cookies: the trial below is what tells. */
  cookieEnabled: boolean
  /** Whether a cookie on the same terms, set by this page for its own host, was kept. */
  keepsCookies: boolean
  /** `document.hasStorageAccess()`; `null` where the browser lacks it. */
  hasStorageAccess: boolean | null
  /** In a frame of another page. */
  embedded: boolean
  /** HTTP status of the server's answer; `null`: the browser let the page see none. */
  status: number | null
  /** Whether the session cookie came along; `null`: not known. */
  cookieCame: { asMade: boolean | null, included: boolean | null, omitted: boolean | null }
  clockAheadMs: number | null
}

/** A cause that the server cannot see. */
export interface PageCause {
  readonly code: PageCode
  applies(page: PageFacts, server: Diagnosis | null): boolean
  because(page: PageFacts): string
  remedy(page: PageFacts): string
}

/** In the order in which they decide. Where none applies, the server's own finding stands. */
export const PAGE_CAUSES: readonly PageCause[] = [
  {
    code: 'switched_off',
    applies: ({ status }) => status === 404,
    because: ({ api }) => `${api} answers, but has no diagnosis: it is there in development, or with NUXT_SESSION_DIAGNOSE=1.`,
    remedy: () => 'Set NUXT_SESSION_DIAGNOSE=1 and start the server again.',
  },
  {
    code: 'unreachable',
    applies: (_, server) => server === null,
    because: ({ api, crossOrigin }) => crossOrigin
      ? `The browser let this page see no answer of ${api}: the server is not there, its certificate is not trusted, or this page’s origin is not on its allowlist.`
      : `${api} gave no answer that can be used.`,
    remedy: ({ api, origin, crossOrigin }) => crossOrigin
      ? `Open ${api}/api/_session/diagnose in a tab, and if that works, set NUXT_SESSION_ALLOWED_ORIGINS=${origin}.`
      : 'Look at the server’s log, then ask again.',
  },
  {
    code: 'credentials_left_out',
    applies: ({ cookieCame }) => cookieCame.asMade === false && cookieCame.included === true,
    because: ({ credentials }) => `The browser holds the cookie and sends it if asked to, but a call with credentials: '${credentials}' leaves it out.`,
    remedy: () => 'Say credentials: \'include\' (in axios withCredentials: true) with every call.',
  },
  {
    code: 'not_kept',
    applies: ({ crossOrigin, keepsCookies, cookieCame }, server) => !crossOrigin && !keepsCookies && cookieCame.included === false && server?.finding.code !== 'plain_http',
    because: page => `This browser did not keep a Secure cookie that the page set for ${page.origin}${inFrame(page)}, so it keeps no session cookie either.`,
    remedy: ({ embedded }) => embedded ? 'Open the page in a tab of its own.' : 'Allow cookies for this site in the browser’s settings, and look whether an extension keeps them from it.',
  },
  {
    code: 'holds_none',
    // Over plain HTTP too, if this browser makes an exception there: it has just shown so.
    applies: ({ crossOrigin, keepsCookies, cookieCame }, server) => !crossOrigin && keepsCookies && cookieCame.included === false && ['no_cookie', 'plain_http'].includes(server?.finding.code ?? ''),
    because: ({ origin }) => `The browser keeps cookies for ${origin} and sends them, so it holds no session cookie for this host: no session was begun here, or it was ended and the cookie cleared.`,
    remedy: () => 'Do what begins a session, such as signing in, since reading begins none, and look for Set-Cookie in that answer.',
  },
]

/** The one finding, from both sides; what it displaces is told besides, unless it says less of the same. */
export function completeFinding(server: Diagnosis | null, page: PageFacts): { finding: Finding, also: Finding[] } {
  const cause = PAGE_CAUSES.find(({ applies }) => applies(page, server))
  if (!cause) return { finding: server!.finding, also: server!.also }
  const finding = { code: cause.code, because: cause.because(page), remedy: cause.remedy(page) }
  return { finding, also: server ? [server.finding, ...server.also].filter(({ code }) => !LESS.has(code)) : [] }
}

function inFrame({ embedded, hasStorageAccess }: PageFacts): string {
  if (!embedded) return ''
  return `, in a frame of another page${hasStorageAccess === false ? ' and without storage access' : ''}`
}

/** Findings that only say what is not known. */
const LESS = new Set<Finding['code']>(['no_cookie', 'cross_origin'])
