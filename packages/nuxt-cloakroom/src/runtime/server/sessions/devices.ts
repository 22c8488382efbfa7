import type { Device } from '../../shared/types/device'
import { sessionIdOf } from './crypto'
import type { SessionEngine } from './engine'
import { idleExpiresAt } from './policy'
import type { StoredSession } from './record'

/**
 * The user's active sessions, newest first.
 *
 * @param current the session of the request, which belongs to the user; it is listed even if the store has lost it from
 * the user's list
 */
export async function listDevices(engine: SessionEngine, userId: string, current?: StoredSession): Promise<Device[]> {
  const listed = await engine.sessionsOf(userId)
  const isMissing = current && !listed.some(({ key }) => key === current.key)
  const sessions = isMissing ? [current, ...listed] : listed
  return sessions
    .toSorted((a, b) => b.record.createdAt - a.record.createdAt)
    .map(session => toDevice(session, current?.key))
}

/** Ends the user's session with this public id. Returns `false` if the user has none. */
export async function revokeDevice(engine: SessionEngine, userId: string, id: string): Promise<boolean> {
  const session = (await engine.sessionsOf(userId)).find(({ key }) => sessionIdOf(key) === id)
  return session ? engine.removals.remove(session.key, 'revoked', userId) : false
}

/**
 * Ends all sessions of the user except `except`, and defeats sign-ins that began up to `at`. Returns their keys.
 */
export async function revokeUser(
  engine: SessionEngine,
  userId: string,
  at: number,
  except?: string,
): Promise<string[]> {
  const { signedIn, remembered } = engine.config
  const rememberUntil = at + Math.max(signedIn.absolute, remembered.absolute)
  const removed = await engine.store.removeByUser(userId, at, except, rememberUntil)
  for (const key of removed) {
    engine.generations.end(key)
    engine.events.emit({ type: 'ended', id: sessionIdOf(key), reason: 'revoked' })
  }
  return removed
}

function toDevice(session: StoredSession, currentKey: string | undefined): Device {
  const { key, lastSeenAt, record: { label, createdAt, authenticatedAt, expiresAt, persistent } } = session
  return {
    id: sessionIdOf(key),
    current: key === currentKey,
    label,
    createdAt,
    authenticatedAt: authenticatedAt!,
    lastSeenAt,
    idleExpiresAt: idleExpiresAt(session),
    expiresAt,
    persistent,
  }
}
