import type { SessionEndReason } from '../../shared/types/session'
import { userTagOf } from '../sessions/crypto'

/**
 * What a connection is notified of. All but `changed` are the last message. `signed_in`: the session was assigned to a
 * user, who may not be the one who watched it; the browser has its new cookie once `responseSent` resolves, if the
 * sign-in happened in this process.
 */
export type ConnectionMessage
  = { readonly type: 'ended', readonly reason: SessionEndReason }
    | { readonly type: 'signed_in', readonly responseSent?: Promise<void> }
    | { readonly type: 'changed' | 'shutdown' }

export type ConnectionListener = (message: ConnectionMessage) => void

export type ConnectionKind = 'stream' | 'socket'

export interface Connection {
  readonly kind: ConnectionKind
  readonly listener: ConnectionListener
}

/** A session with its connections. */
export interface WatchedSession {
  readonly key: string
  readonly id: string
  readonly userId: string | null
  /** When the user signed in; another time means another sign-in. */
  readonly authenticatedAt: number | null
  readonly connections: Set<Connection>
  timer?: NodeJS.Timeout
}

/** The watched sessions of one user, and the keys of all the user's sessions when they were last read. */
export interface WatchedUser {
  readonly userId: string
  readonly sessions: Set<WatchedSession>
  /** `undefined` before the first reading, and after one that failed. */
  keys?: string | undefined
  /** The reading of the keys that is in progress. */
  reading?: Promise<void>
}

/** The sessions that have connections, by public id and by user. */
export class WatchedSessions {
  readonly #sessions = new Map<string, WatchedSession>()
  readonly #users = new Map<string, WatchedUser>()

  get(id: string): WatchedSession | undefined {
    return this.#sessions.get(id)
  }

  user(tag: string): WatchedUser | undefined {
    return this.#users.get(tag)
  }

  /** A copy of the list, so that it may change while it is walked through. */
  sessions(): WatchedSession[] {
    return [...this.#sessions.values()]
  }

  users(): WatchedUser[] {
    return [...this.#users.values()]
  }

  /** Returns the user if this is the user's first watched session. */
  add(session: WatchedSession, connection: Connection): WatchedUser | null {
    session.connections.add(connection)
    this.#sessions.set(session.id, session)
    if (session.userId === null) return null
    const tag = userTagOf(session.userId)
    const known = this.#users.get(tag)
    const user = known ?? { userId: session.userId, sessions: new Set() }
    user.sessions.add(session)
    this.#users.set(tag, user)
    return known ? null : user
  }

  remove(session: WatchedSession, connection: Connection): void {
    if (!session.connections.delete(connection)) return
    if (session.connections.size > 0) return
    clearTimeout(session.timer)
    this.#sessions.delete(session.id)
    if (session.userId !== null) this.#removeFromUser(session, userTagOf(session.userId))
  }

  #removeFromUser(session: WatchedSession, tag: string) {
    const user = this.#users.get(tag)
    user?.sessions.delete(session)
    if (user?.sessions.size === 0) this.#users.delete(tag)
  }
}
