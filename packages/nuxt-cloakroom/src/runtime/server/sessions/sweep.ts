import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SessionEngine } from './engine'
import type { MaybePromise } from './store'

/**
 * Small enough to take a millisecond or two, so that requests run in between. In SQLite 500 took ten, 100 under two.
 */
const BATCH_SIZE = 100

/**
 * Retries the removals that an outage has left pending. Deletes what has expired, and the oldest anonymous sessions
 * above the limit, in batches with a turn of the event loop in between. Never deletes signed-in sessions for anonymous
 * ones.
 *
 * @returns how many records and tombstones were deleted
 * @throws SessionError `store_unavailable`; the next sweep continues
 */
export async function sweep(engine: SessionEngine, batchSize = BATCH_SIZE): Promise<number> {
  const { store, removals, config } = engine
  await removals.retry()
  const expired = await inBatches(batchSize, () => store.sweep(engine.clock(), batchSize))
  const surplus = await inBatches(batchSize, () => store.trimAnonymous(config.maxAnonymous, batchSize))
  return expired + surplus
}

async function inBatches(batchSize: number, step: () => MaybePromise<number>): Promise<number> {
  let total = 0
  for (;;) {
    const deleted = await step()
    total += deleted
    if (deleted < batchSize) return total
    await nextTurn()
  }
}
