import type { H3Event } from 'h3'
import { getRequestHost } from 'h3'
import { otherOrigins } from '../../shared/compare/origins'
import type { ComparisonPorts } from '../../shared/compare/origins'

declare module 'h3' {
  interface H3EventContext {
    /** The ports of the comparison's listeners; `undefined` while the comparison is off. */
    compare?: ComparisonPorts
  }
}

/** Returns the other origins that the page of this request may call: none, except for the comparison's page. */
export function originsToCompare(event: H3Event, ports: ComparisonPorts): string[] {
  if (event.path.split('?', 1)[0] !== '/compare') return []
  const hostname = getRequestHost(event).replace(/:\d*$/, '')
  return Object.values(otherOrigins(hostname, ports) ?? {})
}
