import { DIAGNOSE_PATH } from '../../shared/routes'
import type { Diagnosis, PageFacts, SessionDiagnosis } from '../../shared/types/diagnosis'
import { completeFinding } from './page-causes'

const TIMEOUT_MS = 10_000
/** Set with the same attributes as the session cookie, and deleted a moment later. */
const TRIAL_COOKIE = '__Host-trial'

export interface DiagnoseOptions {
  /** The server's origin. Default: the page's own. */
  readonly api?: string
  /** The credentials mode of the calls that lack the cookie. Default `same-origin`, like `fetch`. */
  readonly credentials?: RequestCredentials
}

/** One call. `status` is `null` if the browser hid the response. */
interface DiagnoseCall {
  readonly status: number | null
  readonly diagnosis: Diagnosis | null
  /** When it began and ended, by this browser's clock. */
  readonly from: number
  readonly to: number
}

/**
 * Asks the server why the session cookie is not accepted, and adds what only this page can find out: whether the
 * browser stores such a cookie at all, whether another credentials mode sends it, and the two clocks. Sets a cookie of
 * its own for a moment, and changes nothing else.
 */
export async function diagnoseSession(
  { api = '', credentials = 'same-origin' }: DiagnoseOptions = {},
): Promise<SessionDiagnosis> {
  const asMade = await call(api, credentials)
  const included = await call(api, 'include')
  const omitted = await call(api, 'omit')
  const page: PageFacts = {
    origin: location.origin,
    api: api || location.origin,
    crossOrigin: api !== '' && api !== location.origin,
    credentials,
    cookieEnabled: navigator.cookieEnabled,
    acceptsCookies: acceptsCookies(),
    hasStorageAccess: await document.hasStorageAccess?.() ?? null,
    embedded: window !== window.top,
    status: asMade.status,
    cookieSent: { asMade: hasCookie(asMade), included: hasCookie(included), omitted: hasCookie(omitted) },
    clockAheadMs: clockAheadOf(asMade),
  }
  // Without the cookie, a call with credentials shows more: Chromium then says whether it blocks third-party cookies.
  const server = (hasCookie(asMade) === false ? included.diagnosis : null) ?? asMade.diagnosis
  return { ...completeFinding(server, page), page, server }
}

async function call(api: string, credentials: RequestCredentials): Promise<DiagnoseCall> {
  const from = Date.now()
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(`${api}${DIAGNOSE_PATH}?now=${from}`, { credentials, cache: 'no-store', signal })
    const diagnosis = response.ok ? await response.json() as Diagnosis : null
    return { status: response.status, diagnosis, from, to: Date.now() }
  }
  catch {
    return { status: null, diagnosis: null, from, to: Date.now() }
  }
}

function hasCookie({ diagnosis }: DiagnoseCall): boolean | null {
  return diagnosis && diagnosis.cookie.outcome !== 'absent'
}

/** Assumes that the server read its clock in the middle of the call. */
function clockAheadOf({ diagnosis, from, to }: DiagnoseCall): number | null {
  return diagnosis && Math.round((from + to) / 2 - diagnosis.server.now)
}

/**
 * Scripts cannot see the session cookie (`HttpOnly`); one with the same other attributes shows whether it is stored.
 */
function acceptsCookies(): boolean {
  document.cookie = `${TRIAL_COOKIE}=1; Path=/; Secure; SameSite=Lax; Max-Age=60`
  const isStored = document.cookie.split('; ').includes(`${TRIAL_COOKIE}=1`)
  document.cookie = `${TRIAL_COOKIE}=; Path=/; Secure; SameSite=Lax; Max-Age=0`
  return isStored
}
