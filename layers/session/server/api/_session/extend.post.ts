import { eventHandler } from 'h3'
import { dropBody } from '../../utils/drop-body'
import { sessionView } from '../../utils/session-view'
import { requireSession } from '../../utils/require-session'

/** Slides the idle clock: the visitor is still there. */
export default eventHandler(async (event) => {
  await dropBody(event)
  const session = await requireSession(event)
  await session.extend()
  return sessionView(event, session)
})
