import assert from 'node:assert/strict'
import type { SessionError } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/errors'
import { increment } from '../../../packages/nuxt-cloakroom/src/testing/track'
import type { RaceData } from '../../../packages/nuxt-cloakroom/src/testing/visitor'
import type { ModelSession } from './model'
import { MAX_PER_USER, assignUser, end, isActive, replaceSecret, touch } from './model'
import type { OpenRequest } from './request'
import type { Action, RevokeAction } from './steps'
import type { World } from './world'
import { addSession, itemOf, sessionsOf } from './world'

type SignIn = Extract<Action, { type: 'signIn' }>

/** Does something with the session of a request, in the real world and in the model, and checks that both agree. */
export async function perform(world: World, request: OpenRequest, action: Action): Promise<void> {
  const { session } = request
  switch (action.type) {
    case 'read': return
    case 'increment': return change(world, request, () => increment(session), (data) => {
      data.count = (data.count ?? 0) + 1
    })
    case 'update': return change(world, request, () => session.update({ [`key${action.name}`]: action.value }),
      data => Object.assign(data, { [`key${action.name}`]: action.value }))
    case 'flash': return change(world, request, () => session.flash('ticket', 'once'), (data) => {
      data.ticket = 'once'
    })
    case 'pull': return pull(request)
    case 'extend': return extend(request)
    case 'rotate': return rotate(request)
    case 'signIn': return signIn(world, request, action)
    case 'signOut': return signOut(request)
    default: return revoke(world, request, action)
  }
}

/** Whether the request may still write to the session that its cookie opened. */
function mayWrite({ found, generation, process }: OpenRequest): boolean {
  return found !== null && isActive(found, process.clock()) && found.generation === generation
}

async function change(
  world: World,
  request: OpenRequest,
  write: () => Promise<boolean>,
  apply: (data: RaceData) => void,
) {
  const { found, isOutdated, process, session } = request
  const isSaved = await write()
  if (found) assert.equal(isSaved, mayWrite(request), 'an update is saved if the session still belongs to the request')
  else if (!isSaved) assert.ok(isOutdated, 'an update of a visitor without a session is not dropped')
  if (!isSaved) return
  request.current = found ?? addSession(world, session.id!, process.clock())
  apply(request.current.data)
}

async function pull(request: OpenRequest) {
  const { found, data, session } = request
  const value = await session.pull('ticket')
  const mayPull = data.ticket !== undefined && mayWrite(request)
  assert.equal(value, mayPull ? found!.data.ticket : undefined)
  if (mayPull) delete found!.data.ticket
}

async function extend({ found, generation, process, session }: OpenRequest) {
  const isExtended = await session.extend()
  const isPossible = found !== null && isActive(found, process.clock())
  if (isExtended) assert.ok(isPossible, 'a session that has ended is not extended')
  else assert.ok(!isPossible || found.generation !== generation, 'an active session is extended')
  if (isExtended) touch(found!, process.clock())
}

async function rotate(request: OpenRequest) {
  const { found, session, process } = request
  const isRotated = await session.rotate()
  assert.equal(isRotated, mayWrite(request))
  if (!isRotated) return
  replaceSecret(found!, process.clock(), false)
  touch(found!, process.clock())
}

async function signIn(world: World, request: OpenRequest, { user, remember, keepData }: SignIn) {
  const { found, session, startedAt, process, isLate } = request
  const userId = world.users[user]!
  const now = process.clock()
  const options = { remember, ...(keepData ? { data: (before: RaceData) => before } : {}) }
  process.takeEvents()
  const error = await session.signIn(userId, options).then(() => null, (error: SessionError) => error)
  if ((world.revokedAt.get(userId) ?? -1) >= startedAt) {
    return assert.equal(error?.code, 'conflict', 'a sign-in that began before a sign-out everywhere fails')
  }
  assert.ifError(error)
  const isContinued = found !== null && session.id === found.id
  if (isContinued) assert.ok(mayWrite(request), 'a sign-in continues no session that has ended')
  else assert.ok(isLate || !found, 'a sign-in continues the session of its visitor')
  const current = isContinued ? found : addSession(world, session.id!, now)
  if (!keepData) current.data = {}
  if (isContinued) replaceSecret(current, now, false)
  evict(world, request, current, userId)
  assignUser(current, userId, remember, now)
  request.current = current
}

/** The user's oldest sessions end if there are too many. */
function evict(world: World, { process }: OpenRequest, current: ModelSession, userId: string) {
  const now = process.clock()
  const evictedIds = process.takeEvents().flatMap(event => event.type === 'ended' ? [event.id] : [])
  const unended = sessionsOf(world, userId).filter(other => other !== current)
  const others = unended.filter(other => isActive(other, now))
  const endsExpired = !world.options.store.isSwept && unended.length >= MAX_PER_USER
  if (endsExpired) for (const other of unended) if (!others.includes(other)) end(other, 'expired', now)
  const evicted = others.filter(({ id }) => evictedIds.includes(id))
  const newest = Math.max(...evicted.map(({ createdAt }) => createdAt))
  assert.equal(evictedIds.length, Math.max(0, others.length - MAX_PER_USER + 1), 'no more sessions end than must')
  assert.equal(evicted.length, evictedIds.length, 'only other active sessions of the user end')
  for (const session of evicted) end(session, 'evicted', now)
  assert.ok(others.every(other => other.ended || other.createdAt >= newest), 'the oldest sessions end')
}

async function revoke(world: World, request: OpenRequest, action: RevokeAction) {
  const { found, session, process } = request
  // Whether a request that can no longer write may end other sessions is not part of this model.
  if (found && !mayWrite(request)) return
  const now = process.clock()
  const userId = found?.userId ?? null
  const target = action.type === 'revoke' ? itemOf(world.sessions, action.pick) : undefined
  const revoking = action.type === 'revoke' ? session.revoke(target?.id ?? 'none') : session[action.type]()
  if (userId === null) return assert.rejects(revoking, { code: 'no_session' })
  const result = await revoking
  const ended = target
    ? [target].filter(({ userId: targetUser }) => targetUser === userId && isActive(target, now))
    : sessionsOf(world, userId).filter(other => action.type === 'revokeAll' || other !== found)
  assert.equal(Number(result), ended.length, 'as many sessions end as were reported')
  if (!target) world.revokedAt.set(userId, Math.max(now, world.revokedAt.get(userId) ?? 0))
  for (const session of ended) end(session, 'revoked', now)
  if (action.type === 'revokeAll' || target === found) leave(request)
}

/** Ends no session that another request has assigned to another user in the meantime. */
async function signOut(request: OpenRequest) {
  const { found, userId, isOutdated, session, process } = request
  process.takeEvents()
  const error = await session.signOut().then(() => null, (error: SessionError) => error)
  if (isOutdated) return signOutLate(request, error)
  const isOwn = !found || found.userId === userId
  if (found && !isOwn && isActive(found, process.clock())) return assert.equal(error?.code, 'conflict')
  assert.ifError(error)
  if (found && isOwn) end(found, 'signed_out', process.clock())
  leave(request)
}

/** With a secret that is no longer valid, it ends at most the session of the same user. */
function signOutLate({ presented, process }: OpenRequest, error: SessionError | null) {
  const { session, secret } = presented!
  if (error) return assert.equal(error.code, 'conflict')
  const hasEnded = process.takeEvents().some(event => event.type === 'ended' && event.id === session.id)
  if (!hasEnded) return
  assert.ok(secret === session.secret - 1 && session.formerUserId === session.userId, 'no other user is signed out')
  end(session, 'signed_out', process.clock())
}

function leave(request: OpenRequest) {
  request.current = null
  assert.equal(request.visitor.cookie, undefined, 'the browser\'s cookie is cleared')
}
