import { Registration } from '#shared/schemas/account'
import { isCommonPassword } from '../../accounts/passwords'

/** Creates an account and signs the user in. */
export default defineEventHandler(async (event) => {
  const { name, password, remember } = await readBodyAs(event, Registration)
  if (isCommonPassword(password, name)) throw accountError('common_password', 'This password is among the first that '
    + 'anybody would try. Choose another.')
  limitRegistrations(event)
  const nameTaken = () => accountError('name_taken', 'Somebody has this name already. Choose another.')
  if (useAccounts().byName(name)) throw nameTaken()
  const account = useAccounts().add(name, await storedForm(event, password))
  if (!account) throw nameTaken()
  setResponseStatus(event, 201)
  return signInAs(event, account, remember)
})
