import type { Check } from './exchange'
import { sessionCookieLines } from './sessions'

const SWITCHING_PROTOCOLS = 101
/** Another status means that the request reached the route. 400, 421 and 431 are responses to malformed requests. */
const REFUSALS: ReadonlySet<number> = new Set([400, 403, 421, 429, 431])

/** A request of another origin is refused by the module's routes, and never gets the session cookie. */
export const refusesOtherOrigins: Check = ({ request, response, target }) => {
  if (!request.isForeign || response.status === null || request.upgrade) return null
  const isCookieSet = sessionCookieLines(response, target).length > 0
  if (isCookieSet) return 'The session cookie is set for a request of another origin.'
  return request.isModuleRoute && !REFUSALS.has(response.status)
    ? `A request of another origin is not refused: ${response.status}.`
    : null
}

/** No page of another origin opens a WebSocket with the session cookie. */
export const refusesForeignUpgrades: Check = ({ request, response }) => {
  const isOpen = request.upgrade !== null && response.status === SWITCHING_PROTOCOLS
  return isOpen && request.isForeign && request.cookie === 'valid'
    ? 'A WebSocket is opened with the session cookie for another origin.'
    : null
}

/** A path without a handler opens no WebSocket, and no WebSocket accepts a message without an end. */
export const boundsWebSockets: Check = ({ request: { upgrade }, response, target }) => {
  if (!upgrade || response.status !== SWITCHING_PROTOCOLS) return null
  if (!upgrade.isHandled) return 'A WebSocket is opened on a path that has no handler.'
  return response.socket === 'open'
    ? `A WebSocket stays open after ${target.messageBytes} bytes of one message.`
    : null
}
