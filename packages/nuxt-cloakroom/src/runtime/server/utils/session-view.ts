import type { SessionCookieView, SessionView } from '../../shared/types/session'
import type { ServerSessionData } from '../../shared/types/auth-utils'
import { cookieAttributes } from '../http/set-cookie'
import { rootEventOf } from '../nitro/guard'
import type { RequestEvent } from '../nitro/platform'
import { nodeRequestOf } from '../nitro/platform'
import { sessionCookieOf } from '../nitro/request-session'
import { useCloakroom } from '../nitro/runtime'
import type { ServerSession } from '../sessions/session'
import { clientSession } from './user-session'

/** Returns what the browser may know of a session: an explicit list of properties, and its data without `secure`. */
export async function sessionView(
  event: RequestEvent,
  session: ServerSession<ServerSessionData>,
): Promise<SessionView> {
  const data = await clientSession(event, session)
  const { engine } = useCloakroom()
  return {
    status: session.userId === null || data === null ? 'anonymous' : 'signed-in',
    session: data
      ? {
          id: session.id!,
          userId: session.userId,
          createdAt: session.createdAt!,
          lastSeenAt: session.lastSeenAt!,
          idleExpiresAt: session.idleExpiresAt!,
          expiresAt: session.expiresAt!,
          persistent: session.persistent,
        }
      : null,
    cookie: cookieView(event),
    data,
    ended: session.exists ? null : await engine.endReasonOfCookie(sessionCookieOf(event)),
    now: engine.clock(),
  }
}

function cookieView(event: RequestEvent): SessionCookieView | null {
  const { cookieName: name, crossSite } = useCloakroom().config
  const value = valueBeingSet(event, name) ?? valueSent(event)
  // It is empty if it is being cleared.
  return value ? { name, attributes: cookieAttributes({ crossSite }), size: name.length + value.length } : null
}

function valueSent(event: RequestEvent): string | undefined {
  const cookie = sessionCookieOf(event)
  return cookie.kind === 'present' ? cookie.value : undefined
}

function valueBeingSet(event: RequestEvent, name: string): string | undefined {
  const { res } = nodeRequestOf(rootEventOf(event))
  const lines = [res.getHeader('set-cookie') ?? []].flat().map(String)
  return lines.find(line => line.startsWith(`${name}=`))?.slice(name.length + 1).split(';', 1)[0]
}
