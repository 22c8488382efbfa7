import type { Target } from '../../shared/compare/origins'
import type { Kind } from '../../shared/compare/scenarios'
import type { CookieFate, Outcome, Result } from './result'

/** Why the outcome is what it is, and what to do: one sentence each. */
export interface Verdict {
  why: string
  advice: string
}

/** The names of the targets on the page. */
export const TARGET_NAMES: Record<Target, string> = {
  'same-origin': 'Same origin',
  'same-site': 'Other port, same site',
  'cross-site': 'Other site',
}

/** Each outcome in two or three words. */
export const OUTCOME_NAMES: Record<Outcome, string> = {
  'works': 'Works',
  'stranger': 'Stranger (401)',
  'withheld': 'Answer withheld',
  'not-sent': 'Never sent',
  'no-answer': 'Nothing arrived',
  'refused': 'Refused',
}

const SPARE_IT = 'Keep it so, or serve page and API from one origin, and there is nothing to keep.'
const FOR_ANOTHER_SITE = 'Set SameSite=None; Secure; Partitioned, or serve page and API from one site.'

type Phrase = [why: string, advice: string]

/** By target and kind where targets differ, otherwise by kind; each for the outcome that it explains. */
const PHRASES: Partial<Record<`${'' | `${Target} `}${Kind} ${Outcome}`, Phrase>> = {
  'same-origin right works': [
    'Page and server have one origin, so the browser sends the request and the cookie without a check.',
    'Nothing: there is no CORS to set up, and no preflight to wait for.',
  ],
  'same-site right works': [
    'The server names this page’s origin and allows credentials, and another port of one host '
    + 'is the same site, so a Lax cookie goes along.',
    SPARE_IT,
  ],
  'cross-site right works': [
    'The server names this page’s origin and allows credentials, and a Partitioned cookie is '
    + 'kept for this pair of sites alone.',
    SPARE_IT,
  ],
  'cross-site right stranger': [
    'This browser keeps no cookie of another site, not even a Partitioned one.',
    'Serve page and API from one site: no header helps here.',
  ],
  'no-credentials stranger': [
    'Without credentials: \'include\', fetch neither sends nor stores cookies of another origin, so the '
    + 'check arrived without a session.',
    'Say credentials: \'include\' (in axios: withCredentials: true).',
  ],
  'no-allow-credentials withheld': [
    'The server did the work and answered, but did not say that a page with credentials may read it.',
    'Answer with Access-Control-Allow-Credentials: true, and with the exact origin.',
  ],
  'not-listed withheld': [
    'The server did the work and answered, but for another origin than this page’s, so the '
    + 'browser kept the answer.',
    'Put the page’s exact origin on the list: scheme, host and port, no slash at the end.',
  ],
  'wildcard withheld': [
    'With credentials, * is no wildcard: the browser wants to see the page’s own origin, and kept the answer.',
    'Answer with the exact origin from a list, and with Vary: Origin.',
  ],
  'no-preflight not-sent': [
    'The browser asked first, with OPTIONS; that got a 404 without CORS headers, so the POST was never sent.',
    'Answer OPTIONS before routes and sign-in checks, with the origin, the methods and the headers you allow.',
  ],
  'header not-sent': [
    'A header of the page’s own made the browser ask first; the answer did not list it, so the '
    + 'request was never sent.',
    'List it in Access-Control-Allow-Headers, or do not send it.',
  ],
  'plain works': [
    'Any HTML form can send text/plain, so the browser sent the POST without asking first.',
    'Have the server take application/json alone, or pages on no list can make changes too.',
  ],
  'cross-site lax stranger': [
    'The answer set a Lax cookie, and the browser dropped it: a fetch from another site '
    + 'neither keeps nor sends one.',
    FOR_ANOTHER_SITE,
  ],
  'cross-site strict stranger': [
    'The answer set a Strict cookie, and the browser dropped it: a fetch from another '
    + 'site neither keeps nor sends one.',
    FOR_ANOTHER_SITE,
  ],
  'cross-site no-samesite stranger': [
    'Without SameSite a cookie counts as Lax, and a fetch from another site neither keeps nor sends one.',
    FOR_ANOTHER_SITE,
  ],
  'cross-site no-samesite works': [
    'This browser sent a cookie without SameSite to another site, as few still do.',
    FOR_ANOTHER_SITE,
  ],
  'cross-site none works': [
    'This browser allows third-party cookies, so a plain SameSite=None cookie went along.',
    'Do not count on it, since others block them: add Partitioned, or serve from one site.',
  ],
  'cross-site none stranger': [
    'This browser blocks third-party cookies, and without Partitioned it is one, so it was dropped.',
    'Add Partitioned, or serve page and API from one site.',
  ],
  'same-site strict works': [
    'Another port of one host is the same site, so even a Strict cookie goes along.',
    'It is fine here; from a link on another site, a Strict cookie would stay behind.',
  ],
  'same-site no-samesite works': [
    'A cookie without SameSite counts as Lax, and this is the same site.',
    'Write SameSite=Lax, so that every browser does the same.',
  ],
  'same-site none works': [
    'SameSite=None goes everywhere, the same site included.',
    'Take Lax: None also goes along when a form on another site posts to you.',
  ],
  'same-site partitioned works': [
    'The cookie is kept for this pair of sites, and here both are the same one.',
    'Take Lax: None; Partitioned is for calls from another site.',
  ],
  'none-insecure stranger': [
    'A browser drops SameSite=None without Secure, and says nothing to the page.',
    'Add Secure, or take SameSite=Lax if it is the same site.',
  ],
}

const BY_OUTCOME: Record<Outcome, Phrase> = {
  'works': ['The browser let it pass.', 'Nothing, in this browser; others may differ.'],
  'stranger': ['The check came without the cookie.', 'Look at what became of the cookie, below.'],
  'withheld': [
    'The server answered, and the browser kept the answer from the page.',
    'Compare the Access-Control headers of the answer with the page’s origin.',
  ],
  'not-sent': [
    'The browser asked first, did not like the answer, and sent nothing more.',
    'Compare the answer to OPTIONS with method and headers of the request.',
  ],
  'no-answer': [
    'Nothing reached the server: it is not there, or this browser does not trust its certificate.',
    'Open the other origin in a tab once; if there is a warning, npm run certs says how to trust the certificate.',
  ],
  'refused': ['The server refused.', 'Read its answer, below.'],
}

/**
 * Returns why a scenario had this outcome in this browser, and what to do. A combination without a separate text gets
 * the text of its outcome.
 */
export function explain({ scenario: { target, kind }, outcome }: Result): Verdict {
  const [why, advice] = PHRASES[`${target} ${kind} ${outcome}`] ?? PHRASES[`${kind} ${outcome}`] ?? BY_OUTCOME[outcome]
  return { why, advice }
}

/** Describes what happened to the cookie in one short line. */
export function cookieText({ set, sent, stored }: CookieFate): string {
  if (!set) return 'not set'
  const kept = stored === null ? 'kept: unknown' : stored ? 'kept' : 'dropped'
  const carried = sent === null ? 'check not reached' : sent ? 'sent' : 'not sent'
  return `set · ${kept} · ${carried}`
}

/** Formats a duration, with one decimal below 10 ms. */
export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}
