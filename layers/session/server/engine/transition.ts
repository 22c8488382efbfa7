import { setTimeout as delay } from 'node:timers/promises'
import type { Admitted } from './admission'
import type { SessionEngine } from './engine'
import { SessionError } from './errors'
import type { SessionRecord } from './record'
import type { Ticket } from './seal'

/** How often a change is tried again after another process was faster, before it gives up with 409. */
const MOST_RETRIES = 5
const SHORTEST_PAUSE = 4

/** What a session is to become. `null`: it already is, change nothing. */
export interface Next {
  readonly ticket: Ticket
  readonly record: SessionRecord
}

/**
 * Reads, computes and compares-and-sets until it holds, each time on the newest record. The only way a record changes.
 *
 * @param next may run several times, so it must have no other effect
 * @returns the session as it now is, or `null` when it has ended or is no longer that visitor's
 * @throws SessionError `conflict` when others kept being faster
 */
export async function transition(
  engine: SessionEngine,
  admitted: Admitted,
  next: (admitted: Admitted) => Promise<Next | null> | Next | null,
  seenAt?: number,
): Promise<Admitted | null> {
  let current = admitted
  for (let attempt = 0; attempt <= MOST_RETRIES; attempt++) {
    const computed = await next(current)
    if (!computed) return current
    const live = await engine.replace(current.live, computed.record, seenAt)
    if (live === 'gone') return null
    if (live !== 'conflict') return { live, ticket: computed.ticket, stale: null }
    // The first conflict is most often a neighbour that is already done; only then does waiting help.
    if (attempt > 0) await delay(Math.random() * SHORTEST_PAUSE * 2 ** attempt)
    const reloaded = await engine.reload(current)
    if (!reloaded) return null
    current = reloaded
  }
  throw new SessionError('conflict', 'The session kept being changed by other requests. Try again.')
}
