import { defu } from 'defu'
import { createHooks } from 'hookable'
import type { ClientSession, User, UserSession, UserSessionRequired } from '../../shared/types/auth-utils'
import type { RequestEvent } from '../nitro/platform'
import { httpError, statusOf } from '../nitro/platform'
import { useServerSession } from '../nitro/request-session'
import { toPlainData } from '../sessions/plain-data'
import type { ServerSession } from '../sessions/session'
import type { AssignedUser, UserChange } from './user-id'
import { userAfter } from './user-id'

/*
 * The five functions of nuxt-auth-utils, over a session that the server holds. An app gets revocation, no limit of
 * 4,096 bytes, no lost updates, and a cookie that opens nothing after `clear`, without a change.
 */

type Values = Record<string, unknown>
type NewUserSession = Partial<Omit<UserSession, 'id'>>

export interface UserSessionOptions {
  /**
   * Over 0, the session outlives the browser ("remember me"), for as long as the configured timeouts allow. Seconds, as
   * in nuxt-auth-utils; the value itself does not count.
   */
  maxAge?: number
  /**
   * Says what identifies a user, for example `user => user.accountNumber`: a text, a number, a BigInt or an ObjectId.
   * Default: the first of `id`, `sub`, `_id`, `uid`, `userId`, `email`, `login` and `username` that the user has, or
   * its only account with a provider, for example `github:bob`.
   */
  userId?: (user: User) => unknown
}

/**
 * The hooks of nuxt-auth-utils: `clear` runs before a session is cleared; `fetch` before one is sent to the browser, to
 * add to it, or to refuse it by throwing a 401.
 */
export const sessionHooks = createHooks<{
  fetch: (session: UserSession, event: RequestEvent) => void | Promise<void>
  clear: (session: UserSession, event: RequestEvent) => void | Promise<void>
}>()

/** Returns the session's data with its public id as `id`. Creates nothing. */
export async function getUserSession(event: RequestEvent): Promise<UserSession> {
  return toUserSession(await useServerSession(event))
}

/**
 * Merges `data` into the session, deeply, like nuxt-auth-utils (`useServerSession().update` is the simpler method). A
 * `user` that the session is not yet assigned to is signed in: new secret, both timeouts restarted, and no data of
 * another user's session. The user id is what identifies the user, see `UserSessionOptions.userId`. A user that nothing
 * identifies gets a random id for this one session, and the log has a warning.
 *
 * @throws TypeError if the session cannot store a value, if the option `userId` returns no id, or if `maxAge` is not a
 * number
 */
export async function setUserSession(
  event: RequestEvent,
  data: NewUserSession,
  options: UserSessionOptions = {},
): Promise<UserSession> {
  return saveUserSession(event, data, options, defu)
}

/** Replaces everything that the session holds with `data`. */
export async function replaceUserSession(
  event: RequestEvent,
  data: NewUserSession,
  options: UserSessionOptions = {},
): Promise<UserSession> {
  return saveUserSession(event, data, options)
}

/** Ends the session for good and clears the cookie. */
export async function clearUserSession(event: RequestEvent): Promise<boolean> {
  const session = await useServerSession(event, { activity: false })
  await sessionHooks.callHookParallel('clear', toUserSession(session), event)
  await session.signOut()
  return true
}

/** Returns the session of a signed-in user. @throws H3Error 401, or as in `options`, if no user is signed in */
export async function requireUserSession(
  event: RequestEvent,
  { statusCode = 401, message = 'Unauthorized' }: { statusCode?: number, message?: string } = {},
): Promise<UserSessionRequired> {
  const session = await getUserSession(event)
  if (session.user) return session as UserSessionRequired
  throw httpError({ status: statusCode, message, code: 'no_session' })
}

/**
 * Returns what the browser receives of a session: all data except `secure`, serialized as JSON and passed through the
 * `fetch` hook. A BigInt becomes text, and what JSON cannot represent is left out. Returns `null` if there is no
 * session, or if the hook has refused it with a 401.
 */
export async function clientSession(
  event: RequestEvent,
  session: ServerSession<object>,
): Promise<ClientSession | null> {
  if (!session.exists) return null
  const userSession = toUserSession(session)
  try {
    await sessionHooks.callHookParallel('fetch', userSession, event)
  }
  catch (error) {
    if (statusOf(error) === 401) return null
    throw error
  }
  const { secure: _, ...visible } = userSession
  return Object.fromEntries(Object.entries(visible).flatMap(toJson)) as ClientSession
}

/** @param merge how data is combined with that of the session; without it, it replaces that */
async function saveUserSession(
  event: RequestEvent,
  data: NewUserSession,
  { maxAge, userId: identify }: UserSessionOptions,
  merge?: (data: Values, before: Values) => Values,
): Promise<UserSession> {
  const session = await useServerSession(event) as ServerSession<Values>
  const plain = toPlainData(Object(data) as object) // Like nuxt-auth-utils, nothing changes nothing.
  const change = (before: Values) => merge ? merge(plain, before) : plain
  const next = plain.user ? nextUser(session, plain.user, { replaces: !merge, identify }) : undefined
  if (next && (next.isAnotherUser || next.userId !== session.userId)) {
    const create = (before: Values) => next.isAnotherUser ? plain : change(before)
    await session.signIn(next.userId, { remember: isRemembered(maxAge), data: create })
  }
  else {
    await session.update((draft) => {
      const changed = change({ ...draft })
      for (const name of Object.keys(draft)) Reflect.deleteProperty(draft, name)
      Object.assign(draft, changed)
    })
  }
  return toUserSession(session)
}

/** A text from a setting that is missing must not make a session long-lived. */
function isRemembered(maxAge: unknown): boolean {
  if (maxAge === undefined) return false
  if (typeof maxAge === 'number' && maxAge >= 0) return maxAge > 0
  throw new TypeError('[cloakroom] setUserSession(event, data, { maxAge }) has to be a number of seconds')
}

function nextUser(
  { userId, data: { user: before } }: ServerSession<Values>,
  given: unknown,
  how: Pick<UserChange, 'replaces' | 'identify'>,
): AssignedUser {
  return userAfter({ userId, before: fieldsOf(before), given: fieldsOf(given), ...how })
}

/** A user that is a text or a number is known by that. @throws TypeError for a list, which names nobody */
function fieldsOf(user: unknown): Values {
  if (Array.isArray(user)) throw new TypeError('[cloakroom] The user of a session has to be an object, and is a list')
  return typeof user === 'object' ? { ...user } : { id: user }
}

function toJson([name, value]: [string, unknown]): [string, unknown][] {
  try {
    const text = JSON.stringify(value, bigIntAsText) as string | undefined
    return text === undefined ? [] : [[name, JSON.parse(text)]]
  }
  catch {
    return [] // A value that contains itself.
  }
}

function bigIntAsText(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function toUserSession(session: ServerSession<object>): UserSession {
  return { ...session.data, id: session.id ?? '' }
}
