import type { H3Event } from 'h3'
import { useNitroApp, useRuntimeConfig } from 'nitropack/runtime'
import { AccountStore } from '../accounts/store'
import type { Account } from '../accounts/store'
import type { AccountView } from '#shared/types/account'

let store: AccountStore | undefined

/**
 * Returns the app's accounts. The file is opened when the server starts, and closed with it.
 *
 * @throws AccountsUnavailableError at the start, if the file cannot be opened
 */
export function useAccounts(): AccountStore {
  if (!store) {
    store = new AccountStore(useRuntimeConfig().accounts.file || '.data/accounts.db')
    useNitroApp().hooks.hookOnce('close', () => store?.close())
  }
  return store
}

/**
 * Returns the session of the signed-in user, and the account that it belongs to. If the account was deleted, all its
 * sessions end.
 *
 * @throws 401 `no_session` if no user is signed in or the account was deleted; 409 as {@link refusePageOfOtherUser}
 * @throws AccountsUnavailableError if the accounts cannot be read
 */
export async function requireAccount(event: H3Event) {
  const session = await requireSession(event, { signedIn: true })
  refusePageOfOtherUser(event, session.userId!)
  const account = await useAccounts().byId(session.userId!)
  if (account) return { session, account }
  await session.revokeAll()
  throw createError({
    statusCode: 401,
    statusMessage: 'Unauthorized',
    message: 'This account does not exist any more.',
    data: { code: 'no_session' },
  })
}

/** Assigns the visitor's session to this account. Data of an anonymous visitor is dropped. */
export async function signInAs(event: H3Event, account: Account, remember: boolean): Promise<{ account: AccountView }> {
  const session = await useServerSession(event)
  await session.signIn(account.id, { remember, data: { user: { id: account.id, name: account.name } } })
  return { account: accountView(account) }
}

/** Returns what may leave the server. The list of fields is explicit, so a hash cannot leave it. */
export function accountView({ id, name, createdAt }: Account): AccountView {
  return { id, name, createdAt }
}

/**
 * A tab may show the page of one user, while another one has signed in with the same browser.
 *
 * @throws 409 `conflict` if the request has the header `x-page-user` and names another user
 */
export function refusePageOfOtherUser(event: H3Event, userId: string) {
  const pageUser = getHeader(event, 'x-page-user') ?? userId
  if (pageUser === userId) return
  throw createError({ statusCode: 409, statusMessage: 'Conflict', message: 'Another user has signed in with this '
    + 'browser. Nothing has changed.', data: { code: 'conflict' } })
}
