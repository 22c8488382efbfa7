import { defineHandler, httpError, noContent, paramOf } from '../nitro/platform'
import { assertNoBody } from '../utils/body'
import { requireSession } from '../utils/server-session'

/** Ends one of the signed-in user's sessions. Another user's id gets the same response as one that does not exist. */
export default defineHandler(async (event) => {
  await assertNoBody(event)
  const session = await requireSession(event, { signedIn: true })
  if (await session.revoke(paramOf(event, 'id'))) return noContent(event)
  throw httpError({ status: 404, message: 'You have no session with this id.' })
})
