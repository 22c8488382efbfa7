import type { Device } from '../../shared/types/device'
import { noteRevocation } from '../nitro/guard'
import { useCloakroom } from '../nitro/runtime'
import { listDevices, revokeUser } from '../sessions/devices'

/**
 * Returns a user's sessions, newest first, for an administrator. Unlike `session.devices()` it needs no session of that
 * user, so check who calls it. `current` is `false` in all of them.
 *
 * @throws SessionError `store_unavailable` (503)
 * @throws TypeError if the user id is empty or not a text; a 400 if it is not well-formed, or over 1,024 characters
 */
export async function listUserSessions(userId: string): Promise<Device[]> {
  return listDevices(useCloakroom().engine, userId)
}

/**
 * Ends all sessions of a user, and defeats sign-ins of this user that are in progress, but not one that follows in the
 * same request, for example after a password was reset (ASVS 7.4.5). For an administrator, or for code without a
 * request, for example a webhook or a task; check who calls it. The user's open pages are notified within a second.
 * Returns how many sessions ended.
 *
 * @throws SessionError `store_unavailable` (503): then none or some have ended, so try again
 * @throws TypeError as {@link listUserSessions}
 */
export async function revokeUserSessions(userId: string): Promise<number> {
  const { engine } = useCloakroom()
  const at = engine.revocationTime()
  const { length: revoked } = await revokeUser(engine, userId, at)
  noteRevocation(userId, at)
  engine.events.emit({ type: 'sessions_changed', userId })
  return revoked
}

/**
 * Reports a failed sign-in to the audit trail and to the hook `session:sign_in_failed` (ASVS 16.3.1). Call it if a
 * password or another proof is wrong. It takes no user name, because users sometimes type their password into that
 * field.
 */
export function reportFailedSignIn(): void {
  useCloakroom().engine.events.emit({ type: 'sign_in_failed' })
}
