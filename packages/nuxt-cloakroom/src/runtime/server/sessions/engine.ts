import type { SessionEndReason } from '../../shared/types/session'
import type { AuthenticatedSession, CookieReading } from './authentication'
import { CookieAuthenticator } from './authenticator'
import type { SessionConfig } from './config'
import type { SessionCookie } from './crypto'
import { confirmWrite } from './confirm-write'
import { hashSecret, newSessionCookie, seal, sessionIdOf, storeKeyOf } from './crypto'
import { SessionError } from './errors'
import { SessionEvents } from './events'
import { Generations } from './generations'
import { GuardedStore } from './guarded-store'
import type { KeyRing } from './key-ring'
import { KeyedLock } from './keyed-lock'
import type { UserAssignment } from './policy'
import { isExpired, lifetimeFor } from './policy'
import { PendingRemovals } from './pending-removals'
import type { FlatData, SessionRecord, StoredSession } from './record'
import { decodeSession, encodeBounded, encodeRecord, metaOf, revive } from './record'
import { isProvedBy } from './secret-tag'
import type { AtomicDriver, Clock, ReplaceResult, StoreChange, StoredRecord } from './store'

const MAX_LABEL_CHARACTERS = 256
/** How often a store is checked that several processes share and that cannot report what they write. */
const POLL_INTERVAL_MS = 5000

export interface EngineOptions {
  readonly driver: AtomicDriver
  readonly ring: KeyRing
  readonly config: SessionConfig
  /** Default: the driver's own clock, otherwise this machine's. */
  readonly clock?: Clock
}

/**
 * The session engine: records, timeouts, secrets and the store, without HTTP.
 *
 * Each write is a create, compare-and-set, assignment to a user, touch or removal, and returns what happened. A store
 * that does not respond is a `SessionError` with `store_unavailable`, never an absent session.
 */
export class SessionEngine {
  readonly config: SessionConfig
  readonly clock: Clock
  readonly ring: KeyRing
  readonly events = new SessionEvents()
  readonly store: GuardedStore
  /** Queues the updates of one session, so that parallel ones need no retry within this process. */
  readonly locks = new KeyedLock()
  readonly removals: PendingRemovals
  readonly generations = new Generations()
  readonly authenticator: CookieAuthenticator

  constructor({ driver, ring, config, clock = driver.clock ?? Date.now }: EngineOptions) {
    this.config = config
    this.clock = clock
    this.ring = ring
    this.store = new GuardedStore(driver, clock, this.events)
    this.removals = new PendingRemovals(this.store, clock, this.events, this.generations)
    this.authenticator = new CookieAuthenticator({
      ring, config, clock, events: this.events, store: this.store, removals: this.removals,
    })
  }

  /**
   * Reads a session again for a request that was authenticated before. Returns `null` if it has ended, or if a secret
   * became invalid since then (`secretGeneration`). The request may take longer than a grace period, so it need not
   * prove itself again; if its own secret no longer leads to the current one, it keeps its cookie.
   */
  async reload({ cookie, session: { key, record } }: AuthenticatedSession): Promise<AuthenticatedSession | null> {
    const session = await this.get(key)
    if (!session || session.record.secretGeneration !== record.secretGeneration) return null
    const verified = this.authenticator.verifySecret({ ...cookie, secretHash: hashSecret(cookie.secret) }, session)
    return typeof verified === 'string' ? { session, cookie, outdated: null } : verified
  }

  /** The session of a store key as it is now, or `null` if it has ended. For callers that were authenticated before. */
  async get(key: string): Promise<StoredSession | null> {
    const row = await this.store.read(key)
    const session = row && decodeSession(key, row)
    return session && !isExpired(session, this.clock()) ? session : null
  }

  /** The user's active sessions, newest first. A damaged record is left out and does not hide the others. */
  async sessionsOf(userId: string): Promise<StoredSession[]> {
    const rows = await this.store.listByUser(userId)
    const now = this.clock()
    return rows
      .map(row => decodeSession(row.key, row))
      .filter((session): session is StoredSession => session?.record.userId === userId && !isExpired(session, now))
  }

  /** Calls `listener` for what other processes write to the store, until you call the returned function. */
  subscribe(listener: (change: StoreChange) => void): () => void {
    const { driver } = this.store
    if (driver.subscribe) return driver.subscribe(listener)
    if (driver.atomicity === 'process') return () => {}
    const timer = setInterval(listener, POLL_INTERVAL_MS, 'unknown').unref()
    return () => clearInterval(timer)
  }

  /** Why a session ended, while the store remembers it. */
  async endReasonOf(key: string): Promise<SessionEndReason | null> {
    const tombstone = await this.store.readTombstone(key)
    return tombstone?.reason ?? null
  }

  /**
   * Why the session of a cookie ended; `null` if it has not ended, if the store does not remember, or if the cookie's
   * secret was no longer valid then.
   */
  async endReasonOfCookie(cookie: CookieReading): Promise<SessionEndReason | null> {
    const parsed = this.authenticator.parseQuietly(cookie)
    const tombstone = parsed && await this.store.readTombstone(parsed.key)
    if (!tombstone || !isProvedBy(parsed.secretHash, tombstone)) return null
    return tombstone.reason
  }

  /** The time of a sign-out everywhere: not earlier than that of any request, of any server, that began before it. */
  revocationTime(): number {
    return this.clock() + (this.store.driver.clockLag?.() ?? 0)
  }

  /** The sealed value of a cookie. */
  seal(cookie: SessionCookie): string {
    return seal(this.ring, this.config.cookieName, cookie)
  }

  /** Creates an anonymous session. */
  async create(label: string, data: FlatData): Promise<AuthenticatedSession> {
    const now = this.clock()
    const cookie = newSessionCookie(now)
    const record = this.newRecord(cookie, { createdAt: now, label, data })
    const key = storeKeyOf(cookie.sid)
    const value = encodeBounded(record)
    const create = () => this.store.create(key, value, metaOf(record, now))
    const created = await confirmWrite(create, () => this.confirm(key, row => row.value === value ? true : null))
    if (!created) throw new SessionError('store_unavailable', 'The store already holds a session of this new random '
      + 'key.')
    this.events.emit({ type: 'created', id: sessionIdOf(key) })
    return { session: { key, record, values: revive(data), version: 1, lastSeenAt: now }, cookie, outdated: null }
  }

  /** Compare-and-set of a whole record. For a session that has expired since it was read the result is `conflict`. */
  async replace(
    session: StoredSession,
    next: SessionRecord,
    lastSeenAt = session.lastSeenAt,
  ): Promise<StoredSession | Exclude<ReplaceResult, 'replaced'>> {
    if (isExpired(session, this.clock())) return 'conflict'
    const { key, version } = session
    const record = { ...next, key } // One of an earlier version has none.
    const value = record.data === session.record.data ? encodeRecord(record) : encodeBounded(record)
    const replace = () => this.store.replace(key, value, metaOf(record, lastSeenAt), version)
    const isWritten = (row: StoredRecord) => row.version === version + 1 && row.value === value
    const isNewSecret = record.secretHash !== session.record.secretHash
    const result = await confirmWrite(replace, () => this.confirm(key, row =>
      isWritten(row) || (isNewSecret && this.hasSecret(key, row, record)) ? 'replaced' : null))
    if (result !== 'replaced') return result
    if (record.secretGeneration > session.record.secretGeneration) this.generations.record(key, record.secretGeneration)
    const latest = Math.max(lastSeenAt, session.lastSeenAt)
    return { key, record, values: revive(record.data), version: version + 1, lastSeenAt: latest }
  }

  /** Reads a record after a write without an answer. */
  async confirm<Result>(key: string, judge: (row: StoredRecord) => Result | null): Promise<Result | null> {
    const row = await this.store.read(key)
    return row && judge(row)
  }

  /** Whether a row has the secret of this record, which only one write can have put there. */
  hasSecret(key: string, row: StoredRecord, { secretHash }: Pick<SessionRecord, 'secretHash'>): boolean {
    return decodeSession(key, row)?.record.secretHash === secretHash
  }

  /** Moves the idle clock. Returns `null` if the session has ended in the meantime. */
  async touch(session: StoredSession): Promise<StoredSession | null> {
    const now = this.clock()
    const touched = await this.store.touch(session.key, now)
    return touched ? { ...session, lastSeenAt: Math.max(now, session.lastSeenAt) } : null
  }

  /** A record whose timeouts start now. */
  newRecord(
    cookie: SessionCookie,
    { createdAt, label, data }: Pick<SessionRecord, 'createdAt' | 'label' | 'data'>,
    assignment?: UserAssignment,
  ): SessionRecord {
    const now = this.clock()
    const { idle, absolute } = lifetimeFor(this.config, assignment)
    return {
      key: storeKeyOf(cookie.sid),
      createdAt,
      label: label.slice(0, MAX_LABEL_CHARACTERS),
      data,
      secretHash: hashSecret(cookie.secret),
      previous: null,
      rotatedAt: now,
      secretGeneration: 0,
      userId: assignment?.userId ?? null,
      authenticatedAt: assignment ? now : null,
      idleTimeout: idle,
      expiresAt: now + absolute,
      persistent: assignment?.remember ?? false,
    }
  }
}
