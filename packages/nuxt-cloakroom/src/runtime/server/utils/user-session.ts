import { defu } from 'defu'
import { createHooks } from 'hookable'
import type { ClientSession, UserSession, UserSessionRequired } from '../../shared/types/auth-utils'
import type { RequestEvent } from '../nitro/platform'
import { httpError, statusOf } from '../nitro/platform'
import { useServerSession } from '../nitro/request-session'
import type { ServerSession } from '../sessions/session'

/*
 * The five functions of nuxt-auth-utils, over a session that the server holds. An app gets revocation, no limit of
 * 4,096 bytes, no lost updates, and a cookie that opens nothing after `clear`, without a change.
 */

type Values = Record<string, unknown>
type NewUserSession = Partial<Omit<UserSession, 'id'>>

/** The fields of a user that identify it, in this order. */
const ID_FIELDS = ['id', 'sub', 'email', 'login']

export interface UserSessionOptions {
  /** If it is set, the session outlives the browser ("remember me"), for as long as the configured timeouts allow. */
  maxAge?: number
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
 * another user's session. The user id is the user's `id`, `sub`, `email` or `login` after the merge, the first one that
 * exists; a user with none of them gets a random id for this one session.
 */
export async function setUserSession(
  event: RequestEvent,
  data: NewUserSession,
  options: UserSessionOptions = {},
): Promise<UserSession> {
  const session = await useServerSession(event) as ServerSession<Values>
  return saveUserSession(session, data, options, before => defu(data as Values, before))
}

/** Replaces everything that the session holds with `data`. */
export async function replaceUserSession(
  event: RequestEvent,
  data: NewUserSession,
  options: UserSessionOptions = {},
): Promise<UserSession> {
  const session = await useServerSession(event) as ServerSession<Values>
  return saveUserSession(session, data, options, () => data as Values)
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
 * `fetch` hook. Values that JSON cannot represent are left out. Returns `null` if there is no session, or if the hook
 * has refused it with a 401.
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

async function saveUserSession(
  session: ServerSession<Values>,
  { user }: NewUserSession,
  { maxAge }: UserSessionOptions,
  change: (before: Values) => Values,
): Promise<UserSession> {
  const userId = user ? userIdOf(change({ ...session.data }).user as Values, session) : undefined
  if (userId && userId !== session.userId) {
    const isAnotherUser = session.userId !== null
    const data = (before: Values) => change(isAnotherUser ? {} : before)
    await session.signIn(userId, { remember: maxAge !== undefined, data })
  }
  else {
    await session.update((draft) => {
      const next = change({ ...draft })
      for (const name of Object.keys(draft)) Reflect.deleteProperty(draft, name)
      Object.assign(draft, next)
    })
  }
  return toUserSession(session)
}

function userIdOf(user: Values, session: ServerSession<Values>): string {
  const id = ID_FIELDS.map(name => user[name]).find(isUserId)
  return id === undefined ? session.userId ?? `unnamed:${crypto.randomUUID()}` : String(id)
}

function isUserId(value: unknown): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && value !== '')
}

function toJson([name, value]: [string, unknown]): [string, unknown][] {
  try {
    const text = JSON.stringify(value) as string | undefined
    return text === undefined ? [] : [[name, JSON.parse(text)]]
  }
  catch {
    return [] // A BigInt, or a value that contains itself.
  }
}

function toUserSession(session: ServerSession<object>): UserSession {
  return { ...session.data, id: session.id ?? '' }
}
