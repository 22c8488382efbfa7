import { eventHandler } from 'h3'
import { requireSession } from '../../utils/require-session'

/** The signed-in user's sessions, newest first. */
export default eventHandler(async event => (await requireSession(event, { signedIn: true })).devices())
