import type { AuthenticatedSession } from './authentication'
import { confirmWrite } from './confirm-write'
import { newSecret, newSessionCookie, sessionIdOf, storeKeyOf } from './crypto'
import type { SessionEngine } from './engine'
import { SessionError } from './errors'
import type { UserAssignment } from './policy'
import { isExpired } from './policy'
import { invalidate } from './previous-secret'
import type { FlatData, SessionRecord } from './record'
import { NO_DATA, encodeBounded, metaOf, revive } from './record'
import type { AssignUserResult } from './store'

const MAX_ATTEMPTS = 6

export interface SignInRequest extends UserAssignment {
  /** Computes the initial data from what the visitor's session holds. */
  readonly dataFrom: (before: FlatData) => FlatData
  readonly label: string
  /** When the request that signs in began, milliseconds since the epoch. */
  readonly startedAt: number
}

/**
 * Assigns the visitor's session, or a new one, to a user: with a new secret, the old one invalid immediately, and both
 * timeouts restarted (ASVS 7.2.4). If a parallel request has assigned the visitor's session to another user, a new
 * session is created, so two users never share one.
 *
 * @throws SessionError `conflict` if the user was signed out everywhere in the meantime, or has too many sessions
 */
export async function signIn(
  engine: SessionEngine,
  visitor: AuthenticatedSession | null,
  request: SignInRequest,
): Promise<AuthenticatedSession> {
  let current = visitor && isExpired(visitor.session, engine.clock()) ? null : visitor
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const result = await assignUser(engine, current, request)
    if (typeof result === 'object') return result
    if (result === 'revoked') throw conflict('This user was signed out everywhere while signing in. Sign in again.')
    if (result === 'full') throw conflict('This user has the maximum number of sessions. Sign out on another device '
      + 'first.')
    current = result === 'conflict' && current ? await engine.reload(current) : null
  }
  throw conflict('Other requests kept changing the session. Try again.')
}

async function assignUser(engine: SessionEngine, current: AuthenticatedSession | null, request: SignInRequest) {
  const now = engine.clock()
  const cookie = current ? { sid: current.cookie.sid, secret: newSecret() } : newSessionCookie(now)
  const key = storeKeyOf(cookie.sid)
  const record = continueRecord(current, engine.newRecord(cookie, {
    createdAt: now,
    label: request.label,
    data: request.dataFrom(current?.session.record.data ?? NO_DATA),
  }, request))
  const { outcome, evicted } = await writeAssignment(engine, key, record, request, current?.session.version)
  for (const other of evicted) engine.events.emit({ type: 'ended', id: sessionIdOf(other), reason: 'evicted' })
  if (outcome !== 'written') return outcome
  engine.generations.record(key, record.secretGeneration)
  for (const other of evicted) engine.generations.end(other)
  const version = (current?.session.version ?? 0) + 1
  const session = { key, record, values: revive(record.data), version, lastSeenAt: now }
  return { session, cookie, outdated: null } satisfies AuthenticatedSession
}

async function writeAssignment(
  engine: SessionEngine,
  key: string,
  record: SessionRecord,
  { userId, startedAt }: SignInRequest,
  expectedVersion?: number,
): Promise<AssignUserResult> {
  const { maxPerUser: max, userLimitPolicy: policy } = engine.config
  const value = encodeBounded(record)
  const meta = { ...metaOf(record, record.rotatedAt), userId }
  return confirmWrite(
    () => engine.store.assignUser(key, value, meta, { startedAt, max, policy }, expectedVersion),
    () => engine.confirm(key, row => engine.hasSecret(key, row, record) ? { outcome: 'written', evicted: [] } : null),
  )
}

/** A new record for a session that existed before. */
function continueRecord(current: AuthenticatedSession | null, record: SessionRecord): SessionRecord {
  if (!current) return record
  const { secretGeneration, createdAt, userId: before } = current.session.record
  return {
    ...record,
    createdAt: before === record.userId ? createdAt : record.createdAt,
    previous: invalidate(current.session.record, record.rotatedAt),
    secretGeneration: secretGeneration + 1,
  }
}

function conflict(message: string): SessionError {
  return new SessionError('conflict', message)
}
