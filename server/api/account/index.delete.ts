/**
 * Deletes the account and ends all its sessions. Requires a recent authentication: a browser left open must not be
 * enough (ASVS 7.5.1).
 *
 * The other sessions end first, and this one last. If the store cannot end one, or the server stops in between, the
 * same request can be repeated, and completes.
 */
export default defineAccountHandler(async (event) => {
  await assertNoBody(event)
  const session = await requireSession(event, { signedIn: true, fresh: true })
  refusePageOfOtherUser(event, session.userId!)
  await session.revokeOthers()
  await useAccounts().remove(session.userId!)
  await session.revokeAll()
  return sendNoContent(event)
})
