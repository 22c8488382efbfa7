import { defineHandler, noContent } from '../nitro/platform'
import { assertNoBody } from '../utils/body'
import { clearUserSession } from '../utils/user-session'

/** Signs out on this device: ends the session and clears the cookie. */
export default defineHandler(async (event) => {
  await assertNoBody(event)
  await clearUserSession(event)
  return noContent(event)
})
