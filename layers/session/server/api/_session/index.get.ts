import { eventHandler } from 'h3'
import { sessionView } from '../../utils/session-view'
import { useServerSession } from '../../utils/use-server-session'

/** What the browser may know of its session. Asking how long is left is no activity. */
export default eventHandler(async event => sessionView(event, await useServerSession(event, { activity: false })))
