/** Signs out on every device, including this one. */
export default defineEventHandler(async (event) => {
  await assertNoBody(event)
  const session = await requireSession(event, { signedIn: true })
  return { ended: await session.revokeAll() }
})
