import type { H3Event } from 'h3'
import { isInnerEvent } from '../internal/outer-event'
import { readText, requireJsonType } from '../internal/request-body'

/**
 * For a route that needs no body, and must not be reached with one that {@link readJson} would refuse for its kind or size: another type or none, or compressed (415), over 64 KiB (413).
 * Drops any other. A request without a body may say what type it likes, as some clients do, and come in chunks of which there is none, as some proxies make it.
 */
export async function dropBody(event: H3Event): Promise<void> {
  if (isInnerEvent(event)) return
  const { headers } = event.node.req
  if (Number(headers['content-length'] ?? 0) > 0) {
    requireJsonType(event)
    await readText(event)
  }
  else if (headers['transfer-encoding'] !== undefined && await readText(event) !== '') requireJsonType(event)
}
