import type { Diagnosis, Finding, PageCode, PageFacts } from '../../shared/types/diagnosis'

/** A cause that the server cannot see. */
export interface PageCause {
  readonly code: PageCode
  applies(page: PageFacts, server: Diagnosis | null): boolean
  because(page: PageFacts): string
  remedy(page: PageFacts): string
}

/** In order of priority. If none applies, the server's own finding is used. */
export const PAGE_CAUSES: readonly PageCause[] = [
  {
    code: 'disabled',
    applies: ({ status }) => status === 404,
    because: ({ api }) => `${api} responds, but has no diagnosis: it exists in development, or with `
      + `NUXT_CLOAKROOM_DIAGNOSE=1.`,
    remedy: () => 'Set NUXT_CLOAKROOM_DIAGNOSE=1 and restart the server.',
  },
  {
    code: 'unreachable',
    applies: (_, server) => server === null,
    because: ({ api, crossOrigin }) => crossOrigin
      ? `The browser showed this page no response of ${api}: the server is not running, its certificate is not `
      + `trusted, or this page’s origin is not on its allowlist.`
      : `${api} sent no usable response.`,
    remedy: ({ api, origin, crossOrigin }) => crossOrigin
      ? `Open ${api}/api/_session/diagnose in a tab, and if that works, set NUXT_CLOAKROOM_ALLOWED_ORIGINS=${origin}.`
      : 'Check the server’s log, then try again.',
  },
  {
    code: 'credentials_omitted',
    applies: ({ cookieSent }) => cookieSent.asMade === false && cookieSent.included === true,
    because: ({ credentials }) => `The browser holds the cookie and sends it on request, but a call with credentials: `
      + `'${credentials}' omits it.`,
    remedy: () => 'Pass credentials: \'include\' (in axios withCredentials: true) with every call.',
  },
  {
    code: 'cookie_rejected',
    applies: ({ crossOrigin, acceptsCookies, cookieSent }, server) =>
      !crossOrigin && !acceptsCookies && cookieSent.included === false && server?.finding.code !== 'plain_http',
    because: page => `This browser did not store a Secure cookie that the page set for ${page.origin}${inFrame(page)}, `
      + `so it stores no session cookie either.`,
    remedy: ({ embedded }) => embedded
      ? 'Open the page in its own tab.'
      : 'Allow cookies for this site in the browser’s settings, and check whether an extension blocks them.',
  },
  {
    code: 'cookie_missing',
    // Over plain HTTP too, if this browser makes an exception there: it has just shown so.
    applies: ({ crossOrigin, acceptsCookies, cookieSent }, server) =>
      !crossOrigin && acceptsCookies && cookieSent.included === false
      && ['no_cookie', 'plain_http'].includes(server?.finding.code ?? ''),
    because: ({ origin }) => `The browser stores cookies for ${origin} and sends them, so it holds no session cookie `
      + `for this host: no session was started here, or it ended and the cookie was cleared.`,
    remedy: () => 'Do what starts a session, for example sign in, because reading starts none, and look for Set-Cookie '
      + 'in that response.',
  },
]

/** The finding from both sides. What it replaces is listed as well, unless it says less about the same fact. */
export function completeFinding(server: Diagnosis | null, page: PageFacts): { finding: Finding, also: Finding[] } {
  const cause = PAGE_CAUSES.find(({ applies }) => applies(page, server))
  if (!cause) return { finding: server!.finding, also: server!.also }
  const finding = { code: cause.code, because: cause.because(page), remedy: cause.remedy(page) }
  const others = server ? [server.finding, ...server.also] : []
  return { finding, also: others.filter(({ code }) => !VAGUE_CODES.has(code)) }
}

function inFrame({ embedded, hasStorageAccess }: PageFacts): string {
  if (!embedded) return ''
  return `, in a frame of another page${hasStorageAccess === false ? ' and without storage access' : ''}`
}

/** Findings that only say what is unknown. */
const VAGUE_CODES = new Set<Finding['code']>(['no_cookie', 'cross_origin'])
