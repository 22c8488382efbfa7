import { eventHandler, sendNoContent } from 'h3'
import { requireSession } from '../../utils/require-session'

/** Ends the signed-in user's other sessions. */
export default eventHandler(async (event) => {
  const session = await requireSession(event, { signedIn: true })
  await session.revokeOthers()
  return sendNoContent(event)
})
