import type { Lifetime, SessionConfig } from './config'
import { isInTransition } from './previous-secret'
import type { StoredSession } from './record'

/** A touch is skipped while the last one is younger than a tenth of the idle timeout, or than a minute. */
const TOUCH_FRACTION = 10
const MAX_TOUCH_INTERVAL_MS = 60_000

type Expiring = Pick<StoredSession, 'record' | 'lastSeenAt'>

/** The user that a session is assigned to, and for how long. */
export interface UserAssignment {
  readonly userId: string
  readonly remember: boolean
}

/** When the session ends if it is not used again: the idle expiry, never after the absolute one. */
export function idleExpiresAt({ record, lastSeenAt }: Expiring): number {
  return Math.min(lastSeenAt + record.idleTimeout, record.expiresAt)
}

export function isExpired(session: Expiring, now: number): boolean {
  return now >= idleExpiresAt(session)
}

export function isTouchDue({ record, lastSeenAt }: Expiring, now: number): boolean {
  return now - lastSeenAt >= Math.min(record.idleTimeout / TOUCH_FRACTION, MAX_TOUCH_INTERVAL_MS)
}

/** Not while the last rotation is under way: the browser may not have the current secret yet. */
export function isRotationDue(
  { record }: Expiring,
  now: number,
  { rotateEvery }: Pick<SessionConfig, 'rotateEvery'>,
): boolean {
  return now - record.rotatedAt >= rotateEvery && !isInTransition(record, now)
}

/** The timeouts of a session: anonymous, signed in, or remembered. */
export function lifetimeFor(config: SessionConfig, assignment?: UserAssignment): Lifetime {
  if (!assignment) return config.anonymous
  return assignment.remember ? config.remembered : config.signedIn
}
