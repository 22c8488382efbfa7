import type { H3Event } from 'h3'
import { hasBody, readJsonText } from '../internal/request-body'
import { isInnerEvent } from '../internal/outer-event'

/**
 * For a route that needs no body, and must not be reached with one that {@link readJson} would refuse by its headers: another type or none, or compressed (415), over 64 KiB (413).
 * Drops any other. A request without a body may say what type it likes, as some clients do.
 */
export async function dropBody(event: H3Event): Promise<void> {
  if (!isInnerEvent(event) && hasBody(event)) await readJsonText(event)
}
