import { failureOf, type SessionApi } from './api'
import { isCreatedWithin, type Snapshot } from './state'

/**
 * What a page load needs: the value, and then the view. The order counts: the first call may create the session
 * that the second one shows. Never throws, so that a store outage renders as a page and not as an error.
 */
export async function takeSnapshot(api: SessionApi): Promise<Snapshot> {
  const startedAt = performance.now()
  try {
    const { id } = await api.issue()
    const view = await api.view()
    // One millisecond more: clocks that count whole ones may round either way.
    return { kind: 'held', id, view, fresh: isCreatedWithin(view, performance.now() - startedAt + 1) }
  }
  catch (error) {
    return { kind: 'failed', failure: failureOf(error) }
  }
}
