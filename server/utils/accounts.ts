import type { H3Event } from 'h3'
import { useNitroApp, useRuntimeConfig } from 'nitropack/runtime'
import { AccountStore } from '../accounts/store'
import type { Account } from '../accounts/store'
import type { AccountView } from '#shared/types/account'

let store: AccountStore | undefined

/** Returns the app's accounts. The file is opened at first use and closed with the server. */
export function useAccounts(): AccountStore {
  if (!store) {
    store = new AccountStore(useRuntimeConfig().accounts.file || '.data/accounts.db')
    useNitroApp().hooks.hookOnce('close', () => store?.close())
  }
  return store
}

/**
 * Returns the session of the signed-in user, and the account that it belongs to.
 *
 * @throws 401 `no_session` if no user is signed in or the account was deleted; 403 `not_fresh` if `fresh` is set and
 * the session is not fresh
 */
export async function requireAccount(event: H3Event, { fresh }: { fresh?: true } = {}) {
  const session = await requireSession(event, { signedIn: true, fresh })
  const account = await useAccounts().byId(session.userId!)
  if (!account) throw createError({ statusCode: 401, statusMessage: 'Unauthorized', message: 'This account does not '
    + 'exist any more.', data: { code: 'no_session' } })
  return { session, account }
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
