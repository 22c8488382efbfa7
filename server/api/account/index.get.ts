/** Returns the account of the signed-in user. */
export default defineAccountHandler(async event => ({ account: accountView((await requireAccount(event)).account) }))
