import { parse as parseDuration } from '@lukeed/ms'
import type { ServerSessionData } from '../../shared/types/auth-utils'
import type { RequestEvent } from '../nitro/platform'
import { useServerSession } from '../nitro/request-session'
import { useCloakroom } from '../nitro/runtime'
import { SessionError } from '../sessions/errors'
import type { ServerSession } from '../sessions/session'

export { useServerSession } from '../nitro/request-session'
export type { UseServerSessionOptions } from '../nitro/request-session'

export interface RequireSessionOptions {
  /** As for `useServerSession`. Default `true`. */
  activity?: boolean
  /** Whether a user must be signed in; an anonymous session is not enough. Default `false`. */
  signedIn?: boolean
  /**
   * A user must be signed in and have authenticated this recently: a duration such as `'10m'`, or `true` for the
   * setting `freshFor` (default 10 minutes). For actions that a borrowed browser must not do (ASVS 7.5.1, 7.5.3).
   */
  fresh?: string | true
}

/**
 * Returns the visitor's session, which must exist.
 *
 * @throws SessionError `no_session` (401) if there is none, or if no user is signed in and `signedIn` or `fresh`
 * requires it
 * @throws SessionError `not_fresh` (403) if the user authenticated longer ago than `fresh`
 */
export async function requireSession(
  event: RequestEvent,
  { activity = true, signedIn = false, fresh }: RequireSessionOptions = {},
): Promise<ServerSession<ServerSessionData>> {
  const session = await useServerSession(event, { activity })
  if (!session.exists) throw new SessionError('no_session', 'There is no session, or it has ended.')
  if ((signedIn || fresh) && session.userId === null) throw new SessionError('no_session', 'No user is signed in.')
  if (fresh && isTooOld(session, fresh)) throw new SessionError('not_fresh', 'Sign in again to do this.')
  return session
}

function isTooOld({ authenticatedAt }: ServerSession<ServerSessionData>, fresh: string | true): boolean {
  const { clock, config } = useCloakroom().engine
  const maxAge = fresh === true ? config.freshFor : parseDuration(fresh)
  if (maxAge === undefined) {
    throw new TypeError(`[cloakroom] requireSession({ fresh: '${fresh}' }) is not a duration such as '10m'`)
  }
  return clock() - authenticatedAt! >= maxAge
}
