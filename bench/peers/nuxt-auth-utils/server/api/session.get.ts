import { randomUUID } from 'node:crypto'

export default defineEventHandler(async (event) => {
  const session = await getUserSession(event) as { value?: string }
  const id = session.value ?? randomUUID()
  if (!session.value) await setUserSession(event, { value: id })
  return { id }
})
