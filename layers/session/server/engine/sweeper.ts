import { setImmediate as turn } from 'node:timers/promises'
import type { SessionEngine } from './engine'

/** Few enough to take a millisecond or two, so that requests get their turn in between. In SQLite 500 took ten, 100 less than two. */
const SLICE = 100

/**
 * Does the removals that an outage has left undone. Deletes what has ended, and the oldest anonymous sessions over the limit, in slices with a turn of the event loop between them.
 * Signed-in sessions never give way to anonymous ones.
 *
 * @returns how many records and tombstones went
 * @throws SessionError `store_unavailable`; the next sweep goes on where this one stopped
 */
export async function sweep(engine: SessionEngine, slice = SLICE): Promise<number> {
  await engine.removals.settle()
  const expired = await inSlices(slice, async () => engine.store.ask('sweep', driver => driver.sweep(engine.clock(), slice)))
  const surplus = await inSlices(slice, async () => engine.store.ask('trimAnonymous', driver => driver.trimAnonymous(engine.config.maxAnonymous, slice)))
  return expired + surplus
}

async function inSlices(slice: number, step: () => Promise<number>): Promise<number> {
  let total = 0
  for (;;) {
    const deleted = await step()
    total += deleted
    if (deleted < slice) return total
    await turn()
  }
}
