/** Returns the account of the signed-in user. */
export default defineEventHandler(async event => ({ account: accountView((await requireAccount(event)).account) }))
