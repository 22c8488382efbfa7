import type { Device } from '../../shared/types/device'
import { sessionIdOf } from './crypto'
import type { SessionEngine } from './engine'
import { idleExpiresAt } from './policy'
import type { StoredSession } from './record'

/** The user's active sessions, newest first. */
export async function listDevices(engine: SessionEngine, userId: string, currentKey: string): Promise<Device[]> {
  const sessions = await engine.sessionsOf(userId)
  return sessions.map(session => toDevice(session, currentKey))
}

/** Ends the user's session with this public id. Returns `false` if the user has none. */
export async function revokeDevice(engine: SessionEngine, userId: string, id: string): Promise<boolean> {
  const session = (await engine.sessionsOf(userId)).find(({ key }) => sessionIdOf(key) === id)
  return session ? engine.removals.remove(session.key, 'revoked') : false
}

/**
 * Ends all sessions of the user except `except`, and defeats sign-ins that began up to `at`. Returns how many ended.
 */
export async function revokeUser(engine: SessionEngine, userId: string, at: number, except?: string): Promise<number> {
  const removed = await engine.store.removeByUser(userId, at, except)
  for (const key of removed) engine.events.emit({ type: 'ended', id: sessionIdOf(key), reason: 'revoked' })
  return removed.length
}

function toDevice(session: StoredSession, currentKey: string): Device {
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
