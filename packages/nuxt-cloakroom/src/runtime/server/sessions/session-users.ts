import type { Device } from '../../shared/types/device'
import { sessionIdOf } from './crypto'
import { listDevices, revokeDevice, revokeUser } from './devices'
import { SessionError } from './errors'
import type { SignInOptions } from './next-state'
import { initialData } from './next-state'
import type { SessionState } from './session-state'
import { adopt, assertMayWrite, leaveSession } from './session-state'
import { signIn } from './sign-in'

/** See `ServerSession.signIn`. */
export async function signInUser<Data extends object>(
  state: SessionState,
  userId: string,
  { remember = false, data }: SignInOptions<Data>,
): Promise<void> {
  assertMayWrite(state)
  if (typeof userId !== 'string' || userId === '') {
    throw new TypeError('[cloakroom] signIn() needs the user\'s id: a string that is not empty')
  }
  await state.creating?.catch(() => {})
  state.generation++
  const { engine, request } = state
  const before = state.current?.session.record.userId ?? null
  adopt(state, await signIn(engine, state.current, {
    userId,
    remember,
    label: request.label,
    startedAt: state.signInStartedAt,
    dataFrom: values => initialData(data, values),
  }))
  state.isLost = false
  const id = sessionIdOf(state.current!.session.key)
  engine.events.emit({ type: 'signed_in', id, responseSent: request.responseSent })
  notifyUser(state, userId)
  if (before !== null && before !== userId) notifyUser(state, before)
}

/** See `ServerSession.signOut`. */
export async function signOutVisitor(state: SessionState): Promise<void> {
  assertMayWrite(state)
  await state.creating?.catch(() => {})
  const left = leaveSession(state)
  if (!left) return
  const { key, record: { userId } } = left.session
  await state.engine.removals.remove(key, 'signed_out')
  if (userId !== null) notifyUser(state, userId)
}

/** See `ServerSession.devices`. */
export async function listUserDevices(state: SessionState): Promise<Device[]> {
  return listDevices(state.engine, requireUser(state), state.current!.session.key)
}

/** See `ServerSession.revoke`. */
export async function revokeOneOfUser(state: SessionState, id: string): Promise<boolean> {
  assertMayWrite(state)
  const userId = requireUser(state)
  const isCurrent = id === sessionIdOf(state.current!.session.key)
  const isRevoked = await revokeDevice(state.engine, userId, id)
  if (isCurrent) leaveSession(state)
  if (isRevoked) notifyUser(state, userId)
  return isRevoked
}

/** See `ServerSession.revokeOthers`. */
export async function revokeOthersOfUser(state: SessionState): Promise<number> {
  assertMayWrite(state)
  return revokeExcept(state, state.current?.session.key)
}

/** See `ServerSession.revokeAll`. */
export async function revokeAllOfUser(state: SessionState): Promise<number> {
  assertMayWrite(state)
  const revoked = await revokeExcept(state)
  leaveSession(state)
  return revoked
}

async function revokeExcept(state: SessionState, except?: string): Promise<number> {
  const at = state.engine.revocationTime()
  const userId = requireUser(state)
  const revoked = await revokeUser(state.engine, userId, at, except)
  // A sign-in that follows in this request, as after a change of password, is not defeated by it.
  state.signInStartedAt = at + 1
  if (revoked > 0) notifyUser(state, userId)
  return revoked
}

/** Only after the response: before that, the user's own page would ask with the cookie that this request replaces. */
function notifyUser({ engine, request }: SessionState, userId: string): void {
  void request.responseSent.then(() => engine.events.emit({ type: 'sessions_changed', userId }))
}

/** @throws SessionError `no_session` */
function requireUser({ current }: SessionState): string {
  const userId = current?.session.record.userId ?? null
  if (userId === null) throw new SessionError('no_session', 'No user is signed in.')
  return userId
}
