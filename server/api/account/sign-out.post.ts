/** Signs out on this device. */
export default defineEventHandler(async (event) => {
  await assertNoBody(event)
  const session = await useServerSession(event, { activity: false })
  await session.signOut()
  return sendNoContent(event)
})
