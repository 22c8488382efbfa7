import { Note } from '#shared/schemas/account'

/** Leaves a note in the session: on this device only, and gone with it. */
export default defineEventHandler(async (event) => {
  const { note } = await readBodyAs(event, Note)
  const { session } = await requireAccount(event)
  await session.update({ note: note || undefined })
  return { note }
})
