import { defu } from 'defu'
import type { H3Event } from 'h3'
import { createError, isError } from 'h3'
import { createHooks } from 'hookable'
import type { ClientSession, UserSession, UserSessionRequired } from '../../shared/types/auth-utils'
import type { ServerSession } from '../engine/session'
import { useServerSession } from './use-server-session'

/*
 * A drop-in for nuxt-auth-utils: the same five verbs over a session that is held on the server. What an app gets by
 * the exchange alone: revocation, no 4096 bytes, no lost updates, and a cookie that is worthless after `clear`.
 */

type Values = Record<string, unknown>
type NewUserSession = Partial<Omit<UserSession, 'id'>>

export interface UserSessionOptions {
  /** Given at all, the session outlives the browser ("remember me"), for as long as the configured timeouts say. */
  maxAge?: number
}

/** Hooks of nuxt-auth-utils: `clear` before a session is cleared; `fetch` before one is handed to the client, to add to it or to refuse by throwing. */
export const sessionHooks = createHooks<{
  fetch: (session: UserSession, event: H3Event) => void | Promise<void>
  clear: (session: UserSession, event: H3Event) => void | Promise<void>
}>()

/** The session's data, with its handle as `id`. Creates nothing. */
export async function getUserSession(event: H3Event): Promise<UserSession> {
  return userSession(await useServerSession(event))
}

/**
 * Merges `data` into the session, deeply, as nuxt-auth-utils does (`update` of `useServerSession` is the plainer verb). A `user`
 * who is not yet this session's owner is signed in: new secret, both clocks anew, and nothing of what another owner's session held. The owner is the user's
 * `id`, `sub`, `email` or `login` after the merge, the first of them that there is; a user with none of them is known by this one session only.
 */
export async function setUserSession(event: H3Event, data: NewUserSession, options: UserSessionOptions = {}): Promise<UserSession> {
  const session = await useServerSession(event) as ServerSession<Values>
  return store(session, data, options, merged => defu(data as Values, merged))
}

/** Puts `data` in place of all that the session held. */
export async function replaceUserSession(event: H3Event, data: NewUserSession, options: UserSessionOptions = {}): Promise<UserSession> {
  const session = await useServerSession(event) as ServerSession<Values>
  return store(session, data, options, () => data as Values)
}

/** Ends the session for good and clears the cookie. */
export async function clearUserSession(event: H3Event): Promise<boolean> {
  const session = await useServerSession(event, { activity: false })
  await sessionHooks.callHookParallel('clear', userSession(session), event)
  await session.signOut()
  return true
}

/** The session of a signed-in user. @throws H3Error 401, or as `options` say, where nobody is signed in */
export async function requireUserSession(event: H3Event, options: { statusCode?: number, message?: string } = {}): Promise<UserSessionRequired> {
  const session = await getUserSession(event)
  if (!session.user) {
    throw createError({ statusCode: options.statusCode ?? 401, message: options.message ?? 'Unauthorized', data: { code: 'no_session' } })
  }
  return session as UserSessionRequired
}

async function store(session: ServerSession<Values>, { user }: NewUserSession, { maxAge }: UserSessionOptions, change: (held: Values) => Values): Promise<UserSession> {
  const owner = user ? ownerOf(change({ ...session.data }).user as Values, session) : undefined
  if (owner && owner !== session.owner) {
    const isAnothers = session.owner !== null
    await session.signIn(owner, { remember: maxAge !== undefined, data: held => change(isAnothers ? {} : held) })
  }
  else {
    await session.update((draft) => {
      const next = change({ ...draft })
      for (const name of Object.keys(draft)) Reflect.deleteProperty(draft, name)
      Object.assign(draft, next)
    })
  }
  return userSession(session)
}

function ownerOf(user: Values, session: ServerSession<Values>): string {
  const id = [user.id, user.sub, user.email, user.login].find(candidate => typeof candidate === 'number' || (typeof candidate === 'string' && candidate !== ''))
  return id === undefined ? session.owner ?? `unnamed:${crypto.randomUUID()}` : `${id as string | number}`
}

/**
 * What the browser gets of a session: all but `secure`, as JSON can say it, after the `fetch` hook. What JSON cannot say is left out.
 * `null`: there is no session, or the hook has refused it with a 401.
 */
export async function clientSession(event: H3Event, session: ServerSession<object>): Promise<ClientSession | null> {
  if (!session.exists) return null
  const held = userSession(session)
  try {
    await sessionHooks.callHookParallel('fetch', held, event)
  }
  catch (error) {
    if (isError(error) && error.statusCode === 401) return null
    throw error
  }
  const { secure: _, ...open } = held
  return Object.fromEntries(Object.entries(open).flatMap(asJson)) as ClientSession
}

function asJson([name, value]: [string, unknown]): [string, unknown][] {
  try {
    const text = JSON.stringify(value) as string | undefined
    return text === undefined ? [] : [[name, JSON.parse(text)]]
  }
  catch {
    return [] // A BigInt, or a value that contains itself.
  }
}

function userSession(session: ServerSession<object>): UserSession {
  return { ...session.data, id: session.handle ?? '' }
}
