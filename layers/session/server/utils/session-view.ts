import type { H3Event } from 'h3'
import type { SessionCookieView, SessionView } from '../../shared/types/session'
import type { SessionData } from '../../shared/types/session-data'
import { cookieAttributes, readCookie } from '../engine/cookie'
import { SessionError } from '../engine/errors'
import type { ServerSession } from '../engine/session'
import { sessionLayer } from '../internal/instance'
import { outerEvent } from '../internal/outer-event'
import { cookieHeader, mayUseSession } from '../internal/request-session'
import { clientSession } from './user-session'
import { useServerSession } from './use-server-session'

/** What the browser may know of a session: its clocks and cookie are an explicit list, its data is all but the `secure` part. */
export async function sessionView(event: H3Event, session: ServerSession<SessionData>): Promise<SessionView> {
  const data = await clientSession(event, session)
  const { engine } = sessionLayer()
  return {
    status: session.owner === null || data === null ? 'anonymous' : 'signed-in',
    session: data
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
    data,
    ended: session.exists ? null : await engine.endOfPresented(cookieHeader(event)),
    now: engine.clock(),
  }
}

/**
 * The same for a page that is being rendered. `unknown`: the store does not answer, or the page goes into a cache and is the same for every visitor;
 * neither keeps a page from being shown. To open a page is activity.
 */
export async function sessionViewForPage(event: H3Event): Promise<SessionView | 'unknown'> {
  if (!mayUseSession(event)) return 'unknown'
  try {
    return await sessionView(event, await useServerSession(event))
  }
  catch (error) {
    if (error instanceof SessionError && error.code === 'store_unavailable') return 'unknown'
    throw error
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
