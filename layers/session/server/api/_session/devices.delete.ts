import { eventHandler, sendNoContent } from 'h3'
import { dropBody } from '../../utils/drop-body'
import { requireSession } from '../../utils/require-session'

/** Ends the signed-in user's other sessions. */
export default eventHandler(async (event) => {
  await dropBody(event)
  const session = await requireSession(event, { signedIn: true })
  await session.revokeOthers()
  return sendNoContent(event)
})
