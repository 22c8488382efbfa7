import type { ServerSessionData } from '../../shared/types/auth-utils'
import type { RequestEvent } from '../nitro/platform'
import { useServerSession } from '../nitro/request-session'
import { useCloakroom } from '../nitro/runtime'
import { parseDuration } from '../sessions/duration'
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
   * setting `freshFor` (default 10 minutes). For actions that a borrowed browser must not do (ASVS 7.5.1, 7.5.3). Do
   * not take it from a request. Default `false`.
   */
  fresh?: string | boolean
}

/**
 * Returns the visitor's session, which must exist.
 *
 * @throws SessionError `no_session` (401) if there is none, or if no user is signed in and `signedIn` or `fresh`
 * requires it
 * @throws SessionError `not_fresh` (403) if the user authenticated longer ago than `fresh`
 * @throws TypeError if an option has a value of another kind, for example `undefined` from a setting that is missing
 */
export async function requireSession(
  event: RequestEvent,
  options: RequireSessionOptions = {},
): Promise<ServerSession<ServerSessionData>> {
  const { activity, signedIn, fresh } = { activity: true, signedIn: false, fresh: false, ...options }
  assertBoolean(signedIn, 'signedIn')
  assertBoolean(activity, 'activity')
  const maxAge = maxAgeOf(fresh)
  const session = await useServerSession(event, { activity })
  if (!session.exists) throw new SessionError('no_session', 'There is no session, or it has ended.')
  const needsUser = signedIn || maxAge !== null
  if (needsUser && session.userId === null) throw new SessionError('no_session', 'No user is signed in.')
  if (maxAge !== null && isTooOld(session, maxAge)) throw new SessionError('not_fresh', 'Sign in again to do this.')
  return session
}

/** Milliseconds; `null` if the user need not have authenticated recently. */
function maxAgeOf(fresh: string | boolean): number | null {
  if (typeof fresh === 'boolean') return fresh ? useCloakroom().engine.config.freshFor : null
  return parseDuration(fresh, 'requireSession({ fresh })')
}

function isTooOld({ authenticatedAt }: ServerSession<ServerSessionData>, maxAge: number): boolean {
  return useCloakroom().engine.clock() - authenticatedAt! >= maxAge
}

/** A text from a setting, also 'false', would count as `true`, and an empty one as `false`. */
function assertBoolean(value: unknown, option: string) {
  if (typeof value === 'boolean') return
  throw new TypeError(`[cloakroom] requireSession({ ${option} }) has to be true or false`)
}
