/**
 * Deletes the account and ends all its sessions. Requires a recent authentication: a browser left open must not be
 * enough (ASVS 7.5.1).
 */
export default defineAccountHandler(async (event) => {
  await assertNoBody(event)
  const { session, account } = await requireAccount(event, { fresh: true })
  await useAccounts().remove(account.id)
  await session.revokeAll()
  return sendNoContent(event)
})
