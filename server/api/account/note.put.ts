import { Note } from '#shared/schemas/account'

/** Stores a note in the session. It exists on this device only, and is deleted with the session. */
export default defineAccountHandler(async (event) => {
  const { note } = await readBodyAs(event, Note)
  const { session } = await requireAccount(event)
  await session.update({ note: note || undefined })
  return { note }
})
