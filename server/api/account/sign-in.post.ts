import { Credentials } from '#shared/schemas/account'

/** Signs in with a name and a password. */
export default defineAccountHandler(async (event) => {
  const { name, password, remember } = await readBodyAs(event, Credentials)
  const account = await requirePassword(event, { account: await useAccounts().byName(name), name, password })
  return signInAs(event, account, remember)
})
