import type { Device } from '../../shared/types/device'
import { sessionIdOf } from './crypto'
import { listDevices, revokeDevice, revokeUser } from './devices'
import { SessionError } from './errors'
import type { SignInOptions } from './next-state'
import { initialData } from './next-state'
import type { SessionState } from './session-state'
import { adopt, assertMayWrite, leaveSession, loseSession } from './session-state'
import { signIn } from './sign-in'
import { assertUserId } from './user-ids'

/** See `ServerSession.signIn`. */
export async function signInUser<Data extends object>(
  state: SessionState,
  userId: string,
  { remember = false, data }: SignInOptions<Data>,
): Promise<void> {
  assertMayWrite(state)
  assertUserId(userId)
  if (typeof remember !== 'boolean') throw new TypeError('[cloakroom] signIn(id, { remember }) has to be true or false')
  await state.creating?.catch(() => {})
  state.generation++
  const { engine, request } = state
  const before = state.current?.session.record.userId ?? null
  adopt(state, await signIn(engine, state.current, {
    userId,
    remember,
    label: request.label,
    startedAt: request.signInStart.of(userId),
    dataFrom: values => initialData(data, values),
  }))
  state.isLost = false
  const id = sessionIdOf(state.current!.session.key)
  engine.events.emit({ type: 'signed_in', id, responseSent: request.responseSent })
  notifyUser(state, userId)
  if (before !== null && before !== userId) notifyUser(state, before)
}

/**
 * See `ServerSession.signOut`. Ends the session that the request was authenticated for: if another request has assigned
 * it to another user in the meantime, it lives on, and the browser keeps its new cookie.
 */
export async function signOutVisitor(state: SessionState): Promise<void> {
  assertMayWrite(state)
  await state.creating?.catch(() => {})
  const session = state.current?.session ?? state.endable
  if (!session) {
    const { isLost, lostKey, engine } = state
    if (isLost && (lostKey === null || await engine.get(lostKey) !== null)) throw overtaken()
    return leaveSession(state)
  }
  loseSession(state)
  const { key, record: { userId } } = session
  const isOver = await end(state, key, userId)
  if (!isOver) throw overtaken()
  leaveSession(state)
  if (userId !== null) notifyUser(state, userId)
}

/** Returns whether the session has ended, now or before; if not, another user has it. */
async function end(state: SessionState, key: string, userId: string | null): Promise<boolean> {
  const { removals } = state.engine
  try {
    return await removals.remove(key, 'signed_out', userId) || await state.engine.get(key) === null
  }
  catch (error) {
    leaveSession(state)
    throw error
  }
}

function overtaken(): SessionError {
  return new SessionError('conflict', 'Another request has signed in with this session in the meantime, so it goes on. '
    + 'Sign out again.')
}

/** See `ServerSession.devices`. */
export async function listUserDevices(state: SessionState): Promise<Device[]> {
  return listDevices(state.engine, requireUser(state), state.current!.session)
}

/** See `ServerSession.revoke`. */
export async function revokeOneOfUser(state: SessionState, id: string): Promise<boolean> {
  assertMayWrite(state)
  const userId = requireUser(state)
  const { key } = state.current!.session
  const isCurrent = id === sessionIdOf(key)
  const isRevoked = isCurrent
    ? await state.engine.removals.remove(key, 'revoked', userId) // Also if the store has lost it from the list.
    : await revokeDevice(state.engine, userId, id)
  if (isCurrent) await leaveIfOver(state, key)
  if (isRevoked) notifyUser(state, userId)
  return isRevoked
}

/** See `ServerSession.revokeOthers`. */
export async function revokeOthersOfUser(state: SessionState): Promise<number> {
  assertMayWrite(state)
  const revoked = await revokeExcept(state, state.current?.session.key)
  return revoked.length
}

/** See `ServerSession.revokeAll`. */
export async function revokeAllOfUser(state: SessionState): Promise<number> {
  assertMayWrite(state)
  const userId = requireUser(state)
  const { key } = state.current!.session
  const revoked = await revokeExcept(state)
  // A store that has lost this session from the user's list did not remove it.
  const isLeft = !revoked.includes(key) && await state.engine.removals.remove(key, 'revoked', userId)
  await leaveIfOver(state, key)
  return revoked.length + Number(isLeft)
}

/** If another user has signed in with this session in the meantime, the browser keeps that user's cookie. */
async function leaveIfOver(state: SessionState, key: string): Promise<void> {
  loseSession(state)
  if (await state.engine.get(key) === null) leaveSession(state)
}

/** Returns the keys of the sessions that it has ended. */
async function revokeExcept(state: SessionState, except?: string): Promise<string[]> {
  const at = state.engine.revocationTime()
  const userId = requireUser(state)
  const revoked = await revokeUser(state.engine, userId, at, except)
  state.request.signInStart.noteRevocation(userId, at)
  notifyUser(state, userId) // Also if none was listed: a store may have lost its list.
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
