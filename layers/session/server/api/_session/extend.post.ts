import { eventHandler } from 'h3'
import { sessionView } from '../../utils/session-view'
import { requireSession } from '../../utils/require-session'

/** Slides the idle clock: the visitor is still there. */
export default eventHandler(async (event) => {
  const session = await requireSession(event)
  await session.extend()
  return sessionView(event, session)
})
