import type { ComparisonPorts } from '../shared/compare/origins'

/**
 * The ports of the comparison's listeners, as the server told them with the page; undefined while the comparison is
 * off.
 */
export function useComparisonPorts() {
  return useState<ComparisonPorts | undefined>('comparison-ports')
}
