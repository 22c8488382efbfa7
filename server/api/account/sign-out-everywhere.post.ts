/** Signs out on every device, this one included. */
export default defineEventHandler(async (event) => {
  await dropBody(event)
  const session = await requireSession(event, { signedIn: true })
  return { ended: await session.revokeAll() }
})
