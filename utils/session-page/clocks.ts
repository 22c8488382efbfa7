import type { SessionDetails } from '#cloakroom'

/** The two timeouts, as the page shows them. */
export type ClockName = 'idle' | 'absolute'

export interface ClockReading {
  name: ClockName
  endsAt: number
  /** Milliseconds left, never below zero. */
  remaining: number
  /** What is left of the whole, from 1 (just started) to 0. */
  fraction: number
  /** Less than a minute is left. */
  urgent: boolean
}

const URGENT_BELOW_MS = 60_000

/** When the session ends unless it is used, in milliseconds since the epoch on the server's clock. */
export function expiryOf(session: SessionDetails): number {
  return Math.min(session.idleExpiresAt, session.expiresAt)
}

/** The timeout that ends the session. The server caps the idle expiry at the absolute one, which wins a tie. */
export function endingClock(session: SessionDetails): ClockName {
  return session.idleExpiresAt < session.expiresAt ? 'idle' : 'absolute'
}

/** @param serverNow milliseconds since the epoch, on the server's clock */
export function readClocks(session: SessionDetails, serverNow: number): Record<ClockName, ClockReading> {
  return {
    idle: readClock('idle', session.lastSeenAt, session.idleExpiresAt, serverNow),
    absolute: readClock('absolute', session.createdAt, session.expiresAt, serverNow),
  }
}

function readClock(name: ClockName, startedAt: number, endsAt: number, serverNow: number): ClockReading {
  const remaining = Math.max(0, endsAt - serverNow)
  const whole = Math.max(1, endsAt - startedAt)
  return {
    name,
    endsAt,
    remaining,
    fraction: Math.min(1, remaining / whole),
    urgent: remaining < URGENT_BELOW_MS,
  }
}
