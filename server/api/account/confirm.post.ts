import { Confirmation } from '#shared/schemas/account'

/**
 * Authenticates the user again, so the session is fresh for a while. The session keeps its data and gets a new
 * secret.
 */
export default defineAccountHandler(async (event) => {
  const { password } = await readBodyAs(event, Confirmation)
  const { session, account } = await requireAccount(event)
  await requirePassword(event, { account, name: account.name, password })
  await session.signIn(account.id, { remember: session.persistent, data: held => held })
  return { account: accountView(account) }
})
