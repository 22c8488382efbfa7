import { defineHandler } from '../nitro/platform'
import { useServerSession } from '../nitro/request-session'
import { sessionView } from '../utils/session-view'

/** Returns what the browser may know of its session. Reading the remaining time is not activity. */
export default defineHandler(async event => sessionView(event, await useServerSession(event, { activity: false })))
