import { eventHandler } from 'h3'
import { requireSession } from '../../utils/require-session'

/** The signed-in user's sessions, newest first. Is no activity: the page that shows them asks again by itself. */
export default eventHandler(async event => (await requireSession(event, { signedIn: true, activity: false })).devices())
