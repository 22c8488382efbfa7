let visitors = 0

/** Signs in whoever comes next of 100,000 users. `?owner=` names one. */
export default defineEventHandler(async (event) => {
  const session = await useServerSession(event)
  const { userId } = getQuery<{ userId?: string }>(event)
  await session.signIn(userId ?? `owner-${visitors++ % 100_000}`)
  return { ok: true }
})
