import type { SessionDetails } from '#cloakroom'

/** The clock that ends a session first. */
export type ClockName = 'idle' | 'absolute'

export interface ClockReading {
  name: ClockName
  endsAt: number
  /** Milliseconds left, never below zero. */
  remaining: number
  /** What is left of the whole, from 1 (just wound) to 0. */
  fraction: number
  /** So little is left that the visitor should be told. */
  urgent: boolean
}

const URGENT_BELOW_MS = 60_000

/** The instant from which the server refuses the session: valid while `now < min(idle, absolute)`. */
export function endOf(session: SessionDetails): number {
  return Math.min(session.idleExpiresAt, session.expiresAt)
}

/**
 * Which clock ends the session. The server may cap the idle end at the absolute one, so a tie is the absolute clock's.
 */
export function endingClock(session: SessionDetails): ClockName {
  return session.idleExpiresAt < session.expiresAt ? 'idle' : 'absolute'
}

export function isOver(session: SessionDetails, serverNow: number): boolean {
  return serverNow >= endOf(session)
}

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
