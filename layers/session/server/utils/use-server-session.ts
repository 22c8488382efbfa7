import type { H3Event } from 'h3'
import type { SessionData } from '../../shared/types/session-data'
import type { ServerSession } from '../engine/session'
import { requestSession } from '../internal/request-session'

export interface UseServerSessionOptions {
  /** Whether this use counts as the visitor's activity and slides the idle clock. Default `true`; `false` for what asks by itself, such as a timer. */
  activity?: boolean
}

/**
 * The visitor's session. Loaded once for a request and all that happens in it, calls while rendering included.
 * Creates nothing: a visitor without a session gets an empty one that exists only once it is written to.
 *
 * The answer becomes `Cache-Control: private, no-store` with `Vary: Cookie`.
 *
 * @throws SessionError `store_unavailable` (503) when the store does not answer; that is never reported as "no session"
 * @throws Error inside a cached handler or route, where the request has lost its cookies
 */
export async function useServerSession(event: H3Event, { activity = true }: UseServerSessionOptions = {}): Promise<ServerSession<SessionData>> {
  return requestSession(event, activity)
}
