import { hashPassword } from '../../accounts/passwords'
import { PasswordChange } from '#shared/schemas/account'

/** Changes the password (requires the current one, ASVS 6.2.3) and signs out all other devices (ASVS 7.4.3). */
export default defineAccountHandler(async (event) => {
  const { current, password } = await readBodyAs(event, PasswordChange)
  const { session, account } = await requireAccount(event)
  await requirePassword(event, { account, name: account.name, password: current })
  refuseCommonPassword(password, account.name)
  const changed = await useAccounts().setPassword(account, await hashPassword(password))
  if (!changed) throw accountError('wrong_credentials', 'The password was changed in the meantime.')
  // Before anything else that may fail: ending the other sessions is the purpose of a password change.
  const ended = await session.revokeOthers()
  await session.signIn(account.id, { remember: session.persistent, data: held => held })
  return { ended }
})
