import { eventHandler, sendNoContent } from 'h3'
import { dropBody } from '../../utils/drop-body'
import { clearUserSession } from '../../utils/user-session'

/** Signs out on this device: ends the session and clears the cookie. */
export default eventHandler(async (event) => {
  await dropBody(event)
  await clearUserSession(event)
  return sendNoContent(event)
})
