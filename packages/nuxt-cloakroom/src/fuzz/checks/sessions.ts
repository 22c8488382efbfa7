import { SESSION_PATH } from '../../runtime/shared/routes'
import type { SessionView } from '../../runtime/shared/types/session'
import { headerValues, parseSessionView } from '../response'
import type { Check, Exchange } from './exchange'

const OK = 200

/** A request without a valid cookie is anonymous, and one with a valid cookie is that session's. */
export const seesItsOwnSession: Check = (exchange) => {
  const view = viewOf(exchange)
  const { request: { cookie, session }, secrets } = exchange
  if (!view) return null
  if (cookie !== 'valid') {
    const isAnonymous = view.status === 'anonymous' && view.session === null
    return isAnonymous ? null : `Without a valid cookie, the status is ${view.status} and there is a session.`
  }
  const { id } = secrets[session!]!
  return view.session === null || view.session.id === id ? null : 'The response describes another session.'
}

/** Without a valid cookie, no route of the module sets the session cookie or clears it. Only a sign-out clears it. */
export const setsNoCookie: Check = ({ request, response, target }) => {
  if (request.cookie === 'valid' || !request.isModuleRoute) return null
  const lines = sessionCookieLines(response, target)
  const unexpected = isSignOut(request, target) ? lines.filter(line => !isClearing(line, target)) : lines
  return unexpected.length > 0 ? 'The session cookie is set for a request without a valid one.' : null
}

/** No response contains data of another client's session. What the request itself contains does not count. */
export const leaksNothing: Check = ({ request, response, secrets }) => {
  const sent = request.bytes.toString('latin1')
  const received = response.text + response.body
  for (const [session, { markers }] of secrets.entries()) {
    const isOwn = request.cookie === 'valid' && request.session === session
    const leaked = markers.find(marker => received.includes(marker) && !sent.includes(marker))
    if (!isOwn && leaked !== undefined) return `The response contains data of session ${session + 1}.`
  }
  return null
}

/** The `Set-Cookie` lines that set the session cookie or clear it. */
export function sessionCookieLines(
  response: Pick<Exchange['response'], 'headers'>,
  { cookieName }: Pick<Exchange['target'], 'cookieName'>,
): string[] {
  return headerValues(response, 'set-cookie').filter(line => line.startsWith(`${cookieName}=`))
}

/** Whether a `Set-Cookie` line clears the session cookie. */
export function isClearing(line: string, { cookieName }: Pick<Exchange['target'], 'cookieName'>): boolean {
  return line.startsWith(`${cookieName}=;`)
}

/** A sign-out leaves no cookie in the browser, whatever the cookie was. */
function isSignOut({ method, path }: Exchange['request'], target: Exchange['target']): boolean {
  return method === 'DELETE' && pathOf(path) === target.base + SESSION_PATH
}

function pathOf(path: string): string {
  return path.split('?', 1)[0]!
}

/** The response of `GET /api/_session`, or `null` for anything else. */
function viewOf({ request, response, target }: Exchange): SessionView | null {
  const isRead = request.method === 'GET' && pathOf(request.path) === target.base + SESSION_PATH
  if (!isRead || response.status !== OK) return null
  return parseSessionView(response.body)
}
