import type { H3Event } from 'h3'
import type { Account } from '../../accounts/store'
import { hashPassword } from '../../accounts/passwords'
import { PasswordChange } from '#shared/schemas/account'

/**
 * Changes the password (requires the current one, ASVS 6.2.3) and signs out all other devices (ASVS 7.4.3).
 *
 * The other sessions end first. If the store cannot do that, or the server stops in between, the password is the
 * old one. If something fails after the password is saved, the same request can be repeated as well, and completes.
 */
export default defineAccountHandler(async (event) => {
  const { current, password } = await readBodyAs(event, PasswordChange)
  const { session, account } = await requireAccount(event)
  const isSaved = await requireOneOf(event, account, { current, password })
  refuseCommonPassword(password, account.name)
  const stored = isSaved ? null : await hashPassword(password)
  const ended = await session.revokeOthers()
  const changed = stored === null || await useAccounts().setPassword(account, stored)
  if (!changed) throw accountError('wrong_credentials', 'The password was changed in the meantime.')
  const endedSince = await session.revokeOthers() // Of sign-ins with the old password.
  await session.signIn(account.id, { remember: session.persistent, data: held => held })
  return { ended: ended + endedSince }
})

/**
 * Requires the current password. Returns whether the new one is the account's already: then an earlier request has
 * saved it, and has not completed. Each of the two that is wrong counts as an attempt, because each could be a guess.
 *
 * @throws what `requirePassword` throws, if the account has neither
 */
async function requireOneOf(event: H3Event, account: Account, { current, password }: Record<string, string>) {
  const { name } = account
  try {
    await requirePassword(event, { account, name, password: current! })
    return false
  }
  catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 401 || password === current) throw error
    await requirePassword(event, { account, name, password: password! })
    return true
  }
}
