import type { H3Event } from 'h3'
import { getRequestHost } from 'h3'
import { otherOrigins } from '../../shared/compare/origins'
import type { ComparisonPorts } from '../../shared/compare/origins'

declare module 'h3' {
  interface H3EventContext {
    /** The ports of the comparison's listeners; there only while the comparison is on. */
    compare?: ComparisonPorts
  }
}

/**
 * The other origins that the page of this request may call: those of the comparison, if it is on and this is its page.
 */
export function originsToCompare(event: H3Event): string[] {
  const ports = event.context.compare
  if (!ports || event.path.split('?', 1)[0] !== '/compare') return []
  const hostname = getRequestHost(event).replace(/:\d*$/, '')
  return Object.values(otherOrigins(hostname, ports) ?? {})
}
