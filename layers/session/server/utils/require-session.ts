import { parse as parseDuration } from '@lukeed/ms'
import type { H3Event } from 'h3'
import type { SessionData } from '../../shared/types/session-data'
import { SessionError } from '../engine/errors'
import type { ServerSession } from '../engine/session'
import { sessionLayer } from '../internal/instance'
import { useServerSession } from './use-server-session'

export interface RequireSessionOptions {
  /** As for `useServerSession`: `false` for what asks by itself. Default `true`. */
  activity?: boolean
  /** Somebody must be signed in; an anonymous session is not enough. Default `false`. */
  signedIn?: boolean
  /**
   * Somebody must be signed in and have authenticated so recently: a duration such as `'10m'`, or `true` for the
   * configured `freshFor` (default 10 minutes). For what a borrowed browser must not do (ASVS 7.5.1, 7.5.3).
   */
  fresh?: string | true
}

/**
 * The visitor's session, which must exist.
 *
 * @throws SessionError `no_session` (401) when there is none, none any more, or none that is signed in where that is asked for
 * @throws SessionError `not_fresh` (403) when authentication is longer ago than `fresh`
 */
export async function requireSession(event: H3Event, { activity = true, signedIn = false, fresh }: RequireSessionOptions = {}): Promise<ServerSession<SessionData>> {
  const session = await useServerSession(event, { activity })
  if (!session.exists) throw new SessionError('no_session', 'There is no session, or it has ended.')
  if ((signedIn || fresh) && session.owner === null) throw new SessionError('no_session', 'Nobody is signed in.')
  if (fresh && isStale(session, fresh)) throw new SessionError('not_fresh', 'Sign in again to do this.')
  return session
}

function isStale({ authenticatedAt }: ServerSession<SessionData>, fresh: string | true): boolean {
  const { clock, config } = sessionLayer().engine
  const longest = fresh === true ? config.freshFor : parseDuration(fresh)
  if (longest === undefined) throw new TypeError(`[session] requireSession({ fresh: '${fresh}' }) is not a duration such as '10m'`)
  return clock() - authenticatedAt! >= longest
}
