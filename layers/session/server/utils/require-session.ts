import type { H3Event } from 'h3'
import type { SessionData } from '../../shared/types/session-data'
import { SessionError } from '../engine/errors'
import type { ServerSession } from '../engine/session'
import { useServerSession } from './use-server-session'

/**
 * The visitor's session, which must exist.
 *
 * @throws SessionError `no_session` (401) when there is none, or none any more
 */
export async function requireSession(event: H3Event): Promise<ServerSession<SessionData>> {
  const session = await useServerSession(event)
  if (!session.exists) throw new SessionError('no_session', 'There is no session, or it has ended.')
  return session
}
