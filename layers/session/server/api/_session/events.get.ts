import { eventHandler, sendNoContent } from 'h3'
import { isInnerEvent } from '../../internal/outer-event'
import { streamSession } from '../../internal/session-stream'

/** Tells the browser at once when its session ends (`ended`), or when the user's sessions have become others (`changed`). Is no activity. */
export default eventHandler(event => event.method === 'HEAD' || isInnerEvent(event) ? sendNoContent(event) : streamSession(event))
