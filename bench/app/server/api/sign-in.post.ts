let visitors = 0

/** Signs in the next of 100,000 users, or the user in `?userId=`. */
export default defineEventHandler(async (event) => {
  const session = await useServerSession(event)
  const { userId } = getQuery<{ userId?: string }>(event)
  await session.signIn(userId ?? `user-${visitors++ % 100_000}`)
  return { ok: true }
})
