import type { Device } from '../../shared/types/device'
import type { SessionEngine } from './engine'
import { handleOf } from './identity'
import type { LiveSession } from './record'
import { idleEnd, liveSession } from './record'

/** The owner's sessions that are alive and sound, newest first. A broken record is left out and does not blank the list. */
export async function devicesOf(engine: SessionEngine, owner: string, currentKey: string): Promise<Device[]> {
  const sessions = await ownedSessions(engine, owner)
  return sessions.map(session => describe(session, currentKey))
}

/** Ends the owner's session of that handle. `false`: the owner has none such. */
export async function revokeDevice(engine: SessionEngine, owner: string, handle: string): Promise<boolean> {
  const session = (await ownedSessions(engine, owner)).find(({ key }) => handleOf(key) === handle)
  return session ? engine.removals.remove(session.key, 'revoked') : false
}

/** Ends all of the owner's sessions but `except`, and defeats sign-ins that began up to `at`. Answers how many ended. */
export async function revokeOwner(engine: SessionEngine, owner: string, at: number, except?: string): Promise<number> {
  const removed = await engine.store.ask('removeByOwner', driver => driver.removeByOwner(owner, at, except))
  for (const key of removed) engine.emit({ type: 'ended', handle: handleOf(key), reason: 'revoked' })
  return removed.length
}

async function ownedSessions(engine: SessionEngine, owner: string): Promise<LiveSession[]> {
  const rows = await engine.store.ask('listByOwner', driver => driver.listByOwner(owner))
  const now = engine.clock()
  return rows
    .map(row => liveSession(row.key, row))
    .filter(session => session !== null && session.record.owner === owner && now < idleEnd(session)) as LiveSession[]
}

function describe(session: LiveSession, currentKey: string): Device {
  const { key, lastSeenAt, record: { label, createdAt, authenticatedAt, expiresAt, persistent } } = session
  return {
    handle: handleOf(key),
    current: key === currentKey,
    label,
    createdAt,
    authenticatedAt: authenticatedAt!,
    lastSeenAt,
    idleExpiresAt: idleEnd(session),
    expiresAt,
    persistent,
  }
}
