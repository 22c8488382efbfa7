import { defineHandler, noContent } from '../nitro/platform'
import { assertNoBody } from '../utils/body'
import { requireSession } from '../utils/server-session'

/** Ends the signed-in user's other sessions. */
export default defineHandler(async (event) => {
  await assertNoBody(event)
  const session = await requireSession(event, { signedIn: true })
  await session.revokeOthers()
  return noContent(event)
})
