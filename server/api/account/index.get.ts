/** The account of whoever is signed in. */
export default defineEventHandler(async event => ({ account: accountView((await requireAccount(event)).account) }))
