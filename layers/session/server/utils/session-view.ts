import type { H3Event } from 'h3'
import type { SessionCookieView, SessionView } from '../../shared/types/session'
import type { SessionData } from '../../shared/types/session-data'
import { cookieAttributes, readCookie } from '../engine/cookie'
import type { ServerSession } from '../engine/session'
import { sessionLayer } from '../internal/instance'
import { outerEvent } from '../internal/outer-event'
import { cookieHeader } from '../internal/request-session'

/** What the browser may know of a session: an explicit list, so that nothing else can leave the server. */
export function sessionView(event: H3Event, session: ServerSession<SessionData>): SessionView {
  return {
    status: session.owner === null ? 'anonymous' : 'signed-in',
    session: session.exists
      ? {
          handle: session.handle!,
          owner: session.owner,
          createdAt: session.createdAt!,
          lastSeenAt: session.lastSeenAt!,
          idleExpiresAt: session.idleExpiresAt!,
          expiresAt: session.expiresAt!,
          persistent: session.persistent,
        }
      : null,
    cookie: cookieView(event),
    now: sessionLayer().engine.clock(),
  }
}

function cookieView(event: H3Event): SessionCookieView | null {
  const { cookieName, crossSite } = sessionLayer().engine.config
  const options = { name: cookieName, crossSite }
  const value = valueBeingSet(event, cookieName) ?? valueSent(event, cookieName)
  // Empty: it is being cleared just now.
  return !value ? null : { name: cookieName, attributes: cookieAttributes(options), size: cookieName.length + value.length }
}

function valueSent(event: H3Event, name: string): string | undefined {
  const reading = readCookie(cookieHeader(event), name)
  return reading.kind === 'present' ? reading.value : undefined
}

function valueBeingSet(event: H3Event, name: string): string | undefined {
  const lines = [outerEvent(event).node.res.getHeader('set-cookie') ?? []].flat().map(String)
  return lines.find(line => line.startsWith(`${name}=`))?.slice(name.length + 1).split(';', 1)[0]
}
