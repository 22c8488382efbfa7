import { defineHandler } from '../nitro/platform'
import { requireSession } from '../utils/server-session'

/** Returns the signed-in user's sessions, newest first. Not activity: the page refreshes the list automatically. */
export default defineHandler(async (event) => {
  const session = await requireSession(event, { signedIn: true, activity: false })
  return session.devices()
})
