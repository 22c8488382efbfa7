import { randomUUID } from 'node:crypto'

export default defineEventHandler(async (event) => {
  const id = randomUUID()
  await setUserSession(event, { value: id })
  return { id }
})
