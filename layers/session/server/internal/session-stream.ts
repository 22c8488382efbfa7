import { setTimeout as pause } from 'node:timers/promises'
import { createError, sendNoContent } from 'h3'
import type { H3Event } from 'h3'
import type { LiveSession } from '../engine/record'
import { crossOriginRefused, requestProvenance } from './guard'
import { openEventStream } from './event-stream'
import type { EventStream } from './event-stream'
import { sessionLayer } from './instance'
import type { LiveEvent } from './live-sessions'
import { cookieHeader } from './request-session'

const RETRY_AFTER_SECONDS = 10
/** Milliseconds that an answer of another process may take to bring the new cookie; nobody here knows when it has. */
const ELSEWHERE = 500

/**
 * Answers with the stream of the visitor's session: `hello` at its beginning, `changed`, and `ended` with its reason. A visitor whose session has ended
 * is told so and why; one who has none gets 204, and so does everybody while the server stops.
 *
 * The session is read apart from the request's own: watching is no use of it, and sets no cookie.
 *
 * @throws SessionError `cross_origin_refused` for a foreign page, which could use up the streams of a session
 * @throws H3Error 429 where too many are open
 */
export async function streamSession(event: H3Event) {
  if (requestProvenance(event) === 'foreign') throw crossOriginRefused()
  const { engine, live } = sessionLayer()
  if (live.closed) return sendNoContent(event)
  const admitted = await engine.load(cookieHeader(event))
  if (admitted) return follow(event, admitted.live)
  const reason = await engine.endOfPresented(cookieHeader(event))
  if (reason === null) return sendNoContent(event)
  const stream = openEventStream(event, () => {})
  stream.send('ended', { reason })
  stream.end()
}

function follow(event: H3Event, live: LiveSession) {
  const stop = sessionLayer().live.watch(live, message => tell(stream, message))
  if (!stop) throw tooMany(event)
  const stream = openEventStream(event, stop)
  stream.send('hello')
}

/** A session that has become somebody's is watched anew, by whoever can prove that it is theirs: for which they need the new cookie. */
function tell(stream: EventStream, message: LiveEvent) {
  if (message.type === 'ended') {
    stream.send('ended', { reason: message.reason })
    return stream.endSoon()
  }
  if (message.type === 'signed_in') return void tellSignedIn(stream, message.answered)
  if (message.type === 'changed') stream.send('changed')
  else stream.end()
}

async function tellSignedIn(stream: EventStream, answered: Promise<void> = pause(ELSEWHERE, undefined, { ref: false })) {
  await answered
  stream.send('changed')
  stream.end()
}

function tooMany({ node: { res } }: H3Event) {
  res.setHeader('retry-after', RETRY_AFTER_SECONDS)
  return createError({ statusCode: 429, statusMessage: 'Too Many Requests', message: 'Too many event streams are open.', data: { code: 'rate_limited' } })
}
