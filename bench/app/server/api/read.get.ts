/** Reads and never creates: what a forged cookie meets. */
export default defineEventHandler(async (event) => {
  const { data } = await useServerSession(event)
  return { id: (data as { value?: string }).value ?? null }
})
