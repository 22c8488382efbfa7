/**
 * Deletes the account and ends all its sessions. Only soon after its owner has authenticated: a browser left open must
 * not do that (ASVS 7.5.1).
 */
export default defineEventHandler(async (event) => {
  await assertNoBody(event)
  const { session, account } = await requireAccount(event, { fresh: true })
  useAccounts().remove(account.id)
  await session.revokeAll()
  return sendNoContent(event)
})
