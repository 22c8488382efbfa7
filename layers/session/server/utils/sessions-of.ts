import type { Device } from '../../shared/types/device'
import { devicesOf, revokeOwner } from '../engine/devices'
import { sessionLayer } from '../internal/instance'

/**
 * A user's sessions, newest first, for whoever looks after users: unlike `session.devices()` it asks for no session of theirs, so the caller checks who
 * may know. `current` is `false` in all of them.
 *
 * @throws SessionError `store_unavailable` (503)
 */
export function listSessionsOf(owner: string): Promise<Device[]> {
  return devicesOf(sessionLayer().engine, owner, '')
}

/**
 * Ends all sessions of a user, and defeats sign-ins that have begun by now and are not done yet (ASVS 7.4.5). For an administrator, or for what happens without
 * a request, such as a webhook or a task; the caller checks who may. Their open pages are left within a second. Answers how many ended.
 *
 * @throws SessionError `store_unavailable` (503): then none or some have ended, so try again
 */
export async function revokeSessionsOf(owner: string): Promise<number> {
  const { engine } = sessionLayer()
  const revoked = await revokeOwner(engine, owner, engine.revocationTime())
  if (revoked > 0) engine.ownerChanged(owner)
  return revoked
}
