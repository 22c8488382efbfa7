import type { Diagnosis, Finding } from '../../shared/types/diagnosis'
import type { PageFacts } from './page-causes'
import { completeFinding } from './page-causes'

const PATH = '/api/_session/diagnose'
const TIMEOUT_MS = 10_000
/** Kept by a browser on the same terms as the session cookie; gone a moment later. */
const TRIAL = '__Host-trial'

export interface AskOptions {
  /** The server's origin; default: the page's own. */
  readonly api?: string
  /** As the calls are made that lack the cookie; default: `same-origin`, as `fetch` has it. */
  readonly credentials?: RequestCredentials
}

/** What the server and the page know together. */
export interface Answer {
  finding: Finding
  also: Finding[]
  page: PageFacts
  /** The server's own answer to a call like the page's, or, if that came without the cookie, to one with credentials; `null` if there was none. */
  server: Diagnosis | null
}

/**
 * Asks the server why the session cookie does not count, and completes its answer with what only this page can find out: whether the browser keeps such a cookie here at all,
 * whether another credentials mode brings it, and the two clocks. Sets a cookie of its own for a moment, and nothing else.
 */
export async function askWhy({ api = '', credentials = 'same-origin' }: AskOptions = {}): Promise<Answer> {
  const crossOrigin = api !== '' && api !== location.origin
  const [asMade, included, omitted] = [await ask(api, credentials), await ask(api, 'include'), await ask(api, 'omit')]
  const page: PageFacts = {
    origin: location.origin,
    api: api || location.origin,
    crossOrigin,
    credentials,
    cookieEnabled: navigator.cookieEnabled,
    keepsCookies: keepsCookies(),
    hasStorageAccess: await document.hasStorageAccess?.() ?? null,
    embedded: window !== window.top,
    status: asMade.status,
    cookieCame: { asMade: came(asMade), included: came(included), omitted: came(omitted) },
    clockAheadMs: clockAhead(asMade),
  }
  // Without the cookie, a call with credentials tells the server more: Chromium says then whether it blocks cookies of third parties.
  const server = (came(asMade) === false ? included.diagnosis : null) ?? asMade.diagnosis
  return { ...completeFinding(server, page), page, server }
}

/** One call. `status` `null`: the browser let the page see no answer. */
interface Asked {
  readonly status: number | null
  readonly diagnosis: Diagnosis | null
  /** When it was asked and answered, by this browser's clock. */
  readonly from: number
  readonly to: number
}

async function ask(api: string, credentials: RequestCredentials): Promise<Asked> {
  const from = Date.now()
  try {
    const response = await fetch(`${api}${PATH}?now=${from}`, { credentials, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) })
    const diagnosis = response.ok ? await response.json() as Diagnosis : null
    return { status: response.status, diagnosis, from, to: Date.now() }
  }
  catch {
    return { status: null, diagnosis: null, from, to: Date.now() }
  }
}

function came({ diagnosis }: Asked): boolean | null {
  return diagnosis && diagnosis.cookie.outcome !== 'absent'
}

/** The server's clock is taken for that of the middle of the call. */
function clockAhead({ diagnosis, from, to }: Asked): number | null {
  return diagnosis && Math.round((from + to) / 2 - diagnosis.server.now)
}

/** The session cookie is `HttpOnly` and hidden from scripts; one that is not, with the same terms otherwise, shows whether the browser takes it. */
function keepsCookies(): boolean {
  document.cookie = `${TRIAL}=1; Path=/; Secure; SameSite=Lax; Max-Age=60`
  const kept = document.cookie.split('; ').includes(`${TRIAL}=1`)
  document.cookie = `${TRIAL}=; Path=/; Secure; SameSite=Lax; Max-Age=0`
  return kept
}
