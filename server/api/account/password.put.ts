import { hashPassword } from '../../accounts/passwords'
import { PasswordChange } from '#shared/schemas/account'

/**
 * Changes the password (requires the current one, ASVS 6.2.3) and signs out all other devices (ASVS 7.4.3).
 *
 * The other sessions end first. If the store cannot do that, or the server stops in between, the password is the
 * old one, and the same request can be repeated.
 */
export default defineAccountHandler(async (event) => {
  const { current, password } = await readBodyAs(event, PasswordChange)
  const { session, account } = await requireAccount(event)
  await requirePassword(event, { account, name: account.name, password: current })
  refuseCommonPassword(password, account.name)
  const stored = await hashPassword(password)
  const ended = await session.revokeOthers()
  const changed = await useAccounts().setPassword(account, stored)
  if (!changed) throw accountError('wrong_credentials', 'The password was changed in the meantime.')
  const endedSince = await session.revokeOthers() // Of sign-ins with the old password.
  await session.signIn(account.id, { remember: session.persistent, data: held => held })
  return { ended: ended + endedSince }
})
