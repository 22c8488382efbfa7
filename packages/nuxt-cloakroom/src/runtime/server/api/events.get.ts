import { setTimeout as delay } from 'node:timers/promises'
import { openEventStream } from '../live/event-stream'
import type { EventStream } from '../live/event-stream'
import type { ConnectionMessage } from '../live/watched'
import { requestOriginOf, isSubrequest } from '../nitro/guard'
import { refuseCrossOrigin } from '../nitro/guard-responses'
import type { RequestEvent } from '../nitro/platform'
import { defineHandler, httpError, noContent, nodeRequestOf } from '../nitro/platform'
import { authenticate, sessionCookieOf } from '../nitro/request-session'
import { takePlace } from '../nitro/connection-places'
import { useCloakroom } from '../nitro/runtime'
import type { StoredSession } from '../sessions/record'

const RETRY_AFTER_SECONDS = 10
/**
 * How long the response of another process may take to bring the new cookie. Only that process knows when it is sent.
 */
const OTHER_PROCESS_DELAY_MS = 500

/**
 * Responds with the event stream of the visitor's session: `hello` at its beginning, `changed` when the list of the
 * user's sessions changes, and `ended` with its reason. For a session that has ended the only event is `ended`. Without
 * a session, and while the server stops, the response is 204.
 *
 * The session is read separately from the request's own: watching it is not activity and sets no cookie.
 *
 * @throws SessionError `cross_origin_refused` for a foreign page, which could use up the streams of a session
 * @throws H3Error 429 if too many are open
 */
export default defineHandler(async (event) => {
  if (event.method === 'HEAD' || isSubrequest(event)) return noContent(event)
  const cloakroom = useCloakroom()
  if (requestOriginOf(event) === 'foreign') throw refuseCrossOrigin(cloakroom)
  const { engine, connections, listenerWatch } = cloakroom
  if (connections.isClosed) return noContent(event)
  const cookie = sessionCookieOf(event)
  const { session } = await authenticate(event)
  listenerWatch.watch(nodeRequestOf(event).req.socket)
  if (session) return follow(event, session.session)
  const reason = await engine.endReasonOfCookie(cookie)
  if (reason === null) return noContent(event)
  const stream = openEventStream(nodeRequestOf(event), () => {})
  stream.send('ended', { reason })
  stream.end()
})

function follow(event: RequestEvent, session: StoredSession) {
  const isLimitedByAddress = session.record.userId === null
  const place = takePlace(nodeRequestOf(event).req, useCloakroom(), { isLimitedByAddress })
  if (!place) throw tooManyStreams(event)
  const stop = useCloakroom().connections.watch(session, message => notify(stream, message))
  if (!stop) {
    place.release()
    throw tooManyStreams(event)
  }
  const stream = openEventStream(nodeRequestOf(event), () => {
    place.release()
    stop()
  })
  stream.send('hello')
}

/** After a sign-in the browser has to prove with its new cookie that the session is its own, so the stream ends. */
function notify(stream: EventStream, message: ConnectionMessage) {
  if (message.type === 'ended') {
    stream.send('ended', { reason: message.reason })
    stream.endSoon()
  }
  else if (message.type === 'signed_in') void notifySignIn(stream, message.responseSent)
  else if (message.type === 'changed') stream.send('changed')
  else stream.end()
}

async function notifySignIn(stream: EventStream, responseSent: Promise<void> | undefined) {
  await (responseSent ?? delay(OTHER_PROCESS_DELAY_MS, undefined, { ref: false }))
  stream.send('changed')
  stream.end()
}

function tooManyStreams(event: RequestEvent) {
  nodeRequestOf(event).res.setHeader('retry-after', RETRY_AFTER_SECONDS)
  return httpError({ status: 429, code: 'rate_limited', message: 'Too many event streams are open.' })
}
