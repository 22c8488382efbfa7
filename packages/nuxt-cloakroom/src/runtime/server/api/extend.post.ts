import { defineHandler } from '../nitro/platform'
import { assertNoBody } from '../utils/body'
import { requireSession } from '../utils/server-session'
import { sessionView } from '../utils/session-view'

/** Moves the idle clock. */
export default defineHandler(async (event) => {
  await assertNoBody(event)
  const session = await requireSession(event)
  await session.extend()
  return sessionView(event, session)
})
