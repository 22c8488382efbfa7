import type { H3Event } from 'h3'
import { useNitroApp, useRuntimeConfig } from 'nitropack/runtime'
import { AccountStore } from '../accounts/store'
import type { Account } from '../accounts/store'
import type { AccountView } from '#shared/types/account'

let store: AccountStore | undefined

/** The app's accounts, opened at first use and closed with the server. */
export function useAccounts(): AccountStore {
  if (!store) {
    store = new AccountStore(useRuntimeConfig().accounts.file || '.data/accounts.db')
    useNitroApp().hooks.hookOnce('close', () => store?.close())
  }
  return store
}

/**
 * The session of somebody who is signed in, and the account that it belongs to.
 *
 * @throws 401 `no_session` where nobody is signed in, or the account has been deleted; 403 `not_fresh` where `fresh` is
 * asked for
 */
export async function requireAccount(event: H3Event, { fresh }: { fresh?: true } = {}) {
  const session = await requireSession(event, { signedIn: true, fresh })
  const account = useAccounts().byId(session.userId!)
  if (!account) throw createError({ statusCode: 401, statusMessage: 'Unauthorized', message: 'This account does not '
    + 'exist any more.', data: { code: 'no_session' } })
  return { session, account }
}

/** Makes the visitor's session this account's. What an anonymous visitor left behind stays behind. */
export async function signInAs(event: H3Event, account: Account, remember: boolean): Promise<{ account: AccountView }> {
  const session = await useServerSession(event)
  await session.signIn(account.id, { remember, data: { user: { id: account.id, name: account.name } } })
  return { account: accountView(account) }
}

/** What may leave the server: an explicit list, so that no hash can. */
export function accountView({ id, name, createdAt }: Account): AccountView {
  return { id, name, createdAt }
}
