import { hashPassword } from '../../accounts/passwords'
import { Registration } from '#shared/schemas/account'

/** Creates an account and signs the user in. */
export default defineAccountHandler(async (event) => {
  const { name, password, remember } = await readBodyAs(event, Registration)
  refuseCommonPassword(password, name)
  limitRegistrations(event)
  const nameTaken = () => accountError('name_taken', 'This name is taken. Choose another.')
  if (await useAccounts().byName(name)) throw nameTaken()
  const account = await useAccounts().add(name, await hashPassword(password))
  if (!account) throw nameTaken()
  setResponseStatus(event, 201)
  return signInAs(event, account, remember)
})
