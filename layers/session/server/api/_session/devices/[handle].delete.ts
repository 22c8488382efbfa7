import { createError, eventHandler, getRouterParam, sendNoContent } from 'h3'
import { dropBody } from '../../../utils/drop-body'
import { requireSession } from '../../../utils/require-session'

/** Ends one of the signed-in user's sessions. Another user's handle is answered like one that does not exist. */
export default eventHandler(async (event) => {
  await dropBody(event)
  const session = await requireSession(event, { signedIn: true })
  if (await session.revoke(getRouterParam(event, 'handle') ?? '')) return sendNoContent(event)
  throw createError({ statusCode: 404, statusMessage: 'Not Found', message: 'You have no session of that handle.' })
})
