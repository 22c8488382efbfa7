import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SessionEndReason } from '../../shared/types/session'
import { sessionIdOf, userTagOf } from '../sessions/crypto'
import type { SessionEvent } from '../sessions/events'
import { idleExpiresAt } from '../sessions/policy'
import type { StoredSession } from '../sessions/record'
import type { Clock, StoreChange } from '../sessions/store'
import type { ConnectionKind, ConnectionListener, ConnectionMessage, WatchedSession, WatchedUser } from './watched'
import { WatchedSessions } from './watched'

/** What the connections need of the session engine. */
export interface SessionSource {
  readonly clock: Clock
  get(key: string): Promise<StoredSession | null>
  endReasonOf(key: string): Promise<SessionEndReason | null>
  sessionsOf(userId: string): Promise<readonly Pick<StoredSession, 'key'>[]>
  subscribe(listener: (change: StoreChange) => void): () => void
}

/** Tabs of one browser share a stream; without Web Locks each tab has one. A page may open a few sockets of its own. */
const MAX_PER_SESSION: Record<ConnectionKind, number> = { stream: 8, socket: 32 }
/** The longest delay of `setTimeout`. */
const MAX_DELAY_MS = 2_147_483_647
/** When a session is checked again after the store did not respond. */
const RETRY_DELAY_MS = 5000
/** Sessions that are checked concurrently when all are checked; requests run in between. */
const BATCH_SIZE = 100

/**
 * The open event streams and WebSockets, which are notified as soon as their session ends. Events of this process
 * arrive by {@link onSessionEvent}, those of other processes by the store. Each session has one timer: the store is
 * read when the connection opens and when the session's timeouts have passed.
 */
export class Connections {
  readonly #source: SessionSource
  readonly #watched = new WatchedSessions()
  #isClosed = false
  #unsubscribe: (() => void) | undefined
  #checkOfAll: 'idle' | 'running' | 'running, with another one due' = 'idle'

  constructor(source: SessionSource) {
    this.#source = source
  }

  /** Whether the server is about to stop. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Calls `listener` for each message about a session, until you call the returned function. Returns `null` if the
   * session has too many connections or the server is about to stop.
   */
  watch(session: StoredSession, listener: ConnectionListener, kind: ConnectionKind = 'stream'): (() => void) | null {
    const watched = this.#watchedFor(session)
    const sameKind = [...watched.connections].filter(other => other.kind === kind).length
    if (this.#isClosed || sameKind >= MAX_PER_SESSION[kind]) return null
    this.#unsubscribe ??= this.#source.subscribe(change => this.#onStoreChange(change))
    const connection = { kind, listener }
    const newUser = this.#watched.add(watched, connection)
    if (newUser) void this.#readUserKeys(newUser)
    // Without delay: the session may have ended between being read and being watched.
    this.#recheckAt(watched, this.#source.clock())
    return () => this.#watched.remove(watched, connection)
  }

  /** Notifies the connections that an event of this process concerns. */
  onSessionEvent(event: SessionEvent): void {
    if (event.type === 'ended') this.#dismiss(this.#watched.get(event.id), { type: 'ended', reason: event.reason })
    else if (event.type === 'signed_in') {
      this.#dismiss(this.#watched.get(event.id), { type: 'signed_in', responseSent: event.responseSent })
    }
    else if (event.type === 'sessions_changed') void this.#recheckUser(this.#watched.user(userTagOf(event.userId)))
  }

  /** Notifies all connections that the server stops, and accepts no more. */
  close(): void {
    this.#isClosed = true
    this.#unsubscribe?.()
    for (const session of this.#watched.sessions()) this.#dismiss(session, { type: 'shutdown' })
  }

  #watchedFor({ key, record: { userId, authenticatedAt } }: StoredSession): WatchedSession {
    const id = sessionIdOf(key)
    const known = this.#watched.get(id)
    if (known && known.userId === userId && known.authenticatedAt === authenticatedAt) return known
    this.#dismiss(known, { type: 'signed_in' }) // By another process, a moment ago.
    return { key, id, userId, authenticatedAt, connections: new Set() }
  }

  /** Sends the last message about a session. */
  #dismiss(session: WatchedSession | undefined, message: ConnectionMessage) {
    for (const connection of [...session?.connections ?? []]) {
      this.#watched.remove(session!, connection)
      connection.listener(message)
    }
  }

  #notifyUser(user: WatchedUser | undefined) {
    if (!user) return
    void this.#readUserKeys(user)
    const connections = [...user.sessions].flatMap(session => [...session.connections])
    for (const { listener } of connections) listener({ type: 'changed' })
  }

  #recheckAt(session: WatchedSession, time: number) {
    clearTimeout(session.timer)
    const delay = Math.min(Math.max(time - this.#source.clock(), 0) + 1, MAX_DELAY_MS)
    session.timer = setTimeout(() => {
      void this.#recheck(session)
    }, delay).unref()
  }

  /**
   * The timeouts have passed, or the store reported a change; the session may still be active. An outage ends nothing.
   */
  async #recheck(watched: WatchedSession) {
    try {
      const session = await this.#source.get(watched.key)
      const reason = session ? null : await this.#source.endReasonOf(watched.key) ?? 'expired'
      if (this.#watched.get(watched.id) !== watched) return
      if (!session) this.#dismiss(watched, { type: 'ended', reason: reason! })
      else if (isReassigned(watched, session)) this.#dismiss(watched, { type: 'signed_in' })
      else this.#recheckAt(watched, idleExpiresAt(session))
    }
    catch {
      if (this.#watched.get(watched.id) === watched) this.#recheckAt(watched, this.#source.clock() + RETRY_DELAY_MS)
    }
  }

  #onStoreChange(change: StoreChange) {
    if (change === 'unknown') void this.#recheckAll()
    else if ('userTag' in change) void this.#recheckUser(this.#watched.user(change.userTag))
    else {
      const session = this.#watched.get(sessionIdOf(change.sessionKey))
      if (session) void this.#recheck(session)
    }
  }

  /** Sessions first: a browser whose session has ended must not be asked to fetch the list. */
  async #recheckUser(user: WatchedUser | undefined) {
    await Promise.all([...user?.sessions ?? []].map(session => this.#recheck(session)))
    this.#notifyUser(user)
  }

  /** A change that arrives during a check may concern a session that was checked already, so it starts another one. */
  async #recheckAll() {
    if (this.#checkOfAll !== 'idle') {
      this.#checkOfAll = 'running, with another one due'
      return
    }
    do {
      this.#checkOfAll = 'running'
      await inBatches(this.#watched.sessions(), session => this.#recheck(session))
      await inBatches(this.#watched.users(), user => this.#recheckKeys(user))
    } while (this.#isCheckDue())
    this.#checkOfAll = 'idle'
  }

  #isCheckDue(): boolean {
    return this.#checkOfAll === 'running, with another one due'
  }

  async #recheckKeys(user: WatchedUser) {
    await user.reading // Otherwise the first reading would look like a change.
    const before = user.keys
    await this.#readUserKeys(user)
    if (user.keys !== undefined && user.keys !== before) await this.#recheckUser(user)
  }

  #readUserKeys(user: WatchedUser): Promise<void> {
    const read = async () => {
      try {
        user.keys = (await this.#source.sessionsOf(user.userId)).map(({ key }) => key).join()
      }
      catch {
        user.keys = undefined // The outage has been reported. The next check finds a difference.
      }
    }
    user.reading = read()
    return user.reading
  }
}

function isReassigned(watched: WatchedSession, { record }: StoredSession): boolean {
  return record.authenticatedAt !== watched.authenticatedAt || record.userId !== watched.userId
}

async function inBatches<Item>(items: readonly Item[], check: (item: Item) => Promise<void>) {
  for (let start = 0; start < items.length; start += BATCH_SIZE) {
    await Promise.all(items.slice(start, start + BATCH_SIZE).map(check))
    await nextTurn()
  }
}
