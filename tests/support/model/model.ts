import type { SessionEndReason } from '../../../packages/nuxt-cloakroom/src/runtime/shared/types/session'
import type { RaceData } from '../../../packages/nuxt-cloakroom/src/testing/visitor'
import { DAY, HOUR, MINUTE, SECOND } from '../engine'

/** The settings of the engines under test. */
export const SETTINGS = {
  idleTimeout: '10m',
  absoluteTimeout: '20m',
  rememberIdleTimeout: '2h',
  rememberAbsoluteTimeout: '3h',
  anonymousIdleTimeout: '5m',
  anonymousAbsoluteTimeout: '8m',
  rotateEvery: '2m',
  rotationGrace: '30s',
  maxPerUser: '2',
}

export const MAX_PER_USER = 2
const ROTATE_EVERY = 2 * MINUTE
const GRACE = 30 * SECOND
/** A grace period also counts if the clock is this much before its start, because clocks of two servers differ. */
const CLOCK_TOLERANCE = SECOND
const MAX_TOUCH_INTERVAL = MINUTE
const ANONYMOUS = { idle: 5 * MINUTE, absolute: 8 * MINUTE }
const SIGNED_IN = { idle: 10 * MINUTE, absolute: 20 * MINUTE }
const REMEMBERED = { idle: 2 * HOUR, absolute: 3 * HOUR }

/** What must be true of a session. Times in milliseconds since the epoch. */
export interface ModelSession {
  readonly id: string
  userId: string | null
  data: RaceData
  createdAt: number
  lastSeenAt: number
  idleTimeout: number
  expiresAt: number
  /** Which of its secrets is the current one; the first is 0. */
  secret: number
  /** Whether the secret before leads to the current one: after a periodic rotation. */
  isRotated: boolean
  /** Whose session it was with the secret before, if that one became invalid immediately. */
  formerUserId?: string | null
  /** When a client first presented the current secret. */
  firstUsedAt: number | null
  rotatedAt: number
  /** How many times a secret became invalid immediately. */
  generation: number
  /** A reason of `null`: the store no longer remembers. */
  ended: { readonly reason: SessionEndReason | null, readonly forgottenAt: number } | null
}

/** A cookie that the server has sent: which secret of which session it holds. */
export interface ModelCookie {
  readonly value: string
  readonly session: ModelSession
  readonly secret: number
}

export function newModelSession(id: string, now: number): ModelSession {
  const use = { createdAt: now, lastSeenAt: now, rotatedAt: now, firstUsedAt: null, isRotated: false, ended: null }
  const lifetime = { idleTimeout: ANONYMOUS.idle, expiresAt: now + ANONYMOUS.absolute }
  return { id, userId: null, data: {}, secret: 0, generation: 0, ...use, ...lifetime }
}

export function endsAt({ lastSeenAt, idleTimeout, expiresAt }: ModelSession): number {
  return Math.min(lastSeenAt + idleTimeout, expiresAt)
}

export function isActive(session: ModelSession, now: number): boolean {
  return !session.ended && now < endsAt(session)
}

/** Whether a request with this cookie is let in. */
export function opens({ session, secret }: ModelCookie, now: number): boolean {
  const isPrevious = secret === session.secret - 1 && session.isRotated && isInGrace(session, now)
  return isActive(session, now) && (secret === session.secret || isPrevious)
}

export function isTouchDue({ lastSeenAt, idleTimeout }: ModelSession, now: number): boolean {
  return now - lastSeenAt >= Math.min(idleTimeout / 10, MAX_TOUCH_INTERVAL)
}

export function isRotationDue({ rotatedAt, isRotated, firstUsedAt }: ModelSession, now: number): boolean {
  const isUnderWay = isRotated && (firstUsedAt === null || now < firstUsedAt + 2 * GRACE)
  return now - rotatedAt >= ROTATE_EVERY && !isUnderWay
}

export function touch(session: ModelSession, now: number): void {
  session.lastSeenAt = Math.max(session.lastSeenAt, now)
}

/** @param isRotated whether the old secret leads to the new one */
export function replaceSecret(session: ModelSession, now: number, isRotated: boolean): void {
  const generation = session.generation + (isRotated ? 0 : 1)
  const formerUserId = isRotated ? undefined : session.userId
  const secret = session.secret + 1
  Object.assign(session, { secret, generation, isRotated, formerUserId, firstUsedAt: null, rotatedAt: now })
}

export function assignUser(session: ModelSession, userId: string, remember: boolean, now: number): void {
  const { idle, absolute } = remember ? REMEMBERED : SIGNED_IN
  const createdAt = session.userId === userId ? session.createdAt : now
  Object.assign(session, { userId, createdAt, lastSeenAt: now, idleTimeout: idle, expiresAt: now + absolute })
}

/** Has no effect on a session that has ended: it keeps the reason. */
export function end(session: ModelSession, reason: SessionEndReason, now: number): void {
  const lifetime = session.userId === null ? 10 * MINUTE : DAY
  session.ended ??= { reason, forgottenAt: now + lifetime }
}

/** What a store that does not delete automatically forgets in a sweep. */
export function sweepSession(session: ModelSession, now: number): void {
  const isForgotten = session.ended ? session.ended.forgottenAt <= now : endsAt(session) <= now
  if (isForgotten) session.ended = { reason: null, forgottenAt: now }
}

function isInGrace({ firstUsedAt }: ModelSession, now: number): boolean {
  return firstUsedAt === null || (now >= firstUsedAt - CLOCK_TOLERANCE && now < firstUsedAt + GRACE)
}
