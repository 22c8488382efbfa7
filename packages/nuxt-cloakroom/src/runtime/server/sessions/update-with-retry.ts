import { setTimeout as delay } from 'node:timers/promises'
import type { AuthenticatedSession } from './authentication'
import type { SessionEngine } from './engine'
import { SessionError } from './errors'
import type { NextState } from './next-state'

/** How often a change is retried after another process was faster, before it fails with 409. */
const MAX_RETRIES = 5
const MIN_DELAY_MS = 4

/** Computes the next state of a session. `null`: it needs no change. */
export type ComputeNext = (current: AuthenticatedSession) => Promise<NextState | null> | NextState | null

/**
 * Reads, computes and compares-and-sets until it succeeds, each time on the newest record. The only way a request
 * changes a record.
 *
 * @param computeNext may run several times, so it must have no side effect
 * @param seenAt when the user was last active, milliseconds since the epoch
 * @returns the session as it is now, or `null` if it has ended or its secret became invalid
 * @throws SessionError `conflict` if other processes were faster each time
 */
export async function updateWithRetry(
  engine: SessionEngine,
  authenticated: AuthenticatedSession,
  computeNext: ComputeNext,
  seenAt?: number,
): Promise<AuthenticatedSession | null> {
  let current = authenticated
  for (let attempt = 0; attempt <= MAX_RETRIES; attempt++) {
    const next = await computeNext(current)
    if (!next) return current
    const session = await engine.replace(current.session, next.record, seenAt)
    if (session === 'gone') return null
    if (session !== 'conflict') return { session, cookie: next.cookie, outdated: null }
    // The first conflict is most often with a request that is done already; only later does waiting help.
    if (attempt > 0) await delay(Math.random() * MIN_DELAY_MS * 2 ** attempt)
    const reloaded = await engine.reload(current)
    if (!reloaded) return null
    current = reloaded
  }
  throw new SessionError('conflict', 'Other requests kept changing the session. Try again.')
}
