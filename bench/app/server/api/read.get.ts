/** Reads the session and never creates one, not even for a forged cookie. */
export default defineEventHandler(async (event) => {
  const { data } = await useServerSession(event)
  return { id: (data as { value?: string }).value ?? null }
})
