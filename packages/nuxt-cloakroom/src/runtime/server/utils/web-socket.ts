import type { SocketHooks, SocketPeer } from '../nitro/platform'
import { defineSocketHandler } from '../nitro/platform'
import { sessionOfPeer, withSession } from '../nitro/session-socket'
import { sessionIdOf } from '../sessions/crypto'

export interface SessionWebSocketHooks extends SocketHooks {
  /** Whether a user must be signed in; an anonymous session is not enough. Default `false`. */
  signedIn?: boolean
}

/** The session that a socket was opened with. */
export interface SocketSession {
  readonly id: string
  /** The user id passed to `signIn`; `null` while anonymous, which it stays while the socket is open. */
  readonly userId: string | null
}

/**
 * Defines a WebSocket for visitors with a session, with the hooks of h3's `defineWebSocketHandler`. It closes when the
 * session ends, for any reason and on any server.
 *
 * The upgrade is refused with 401 without a session, and with 503 if the store does not respond. The socket closes with
 * 1008 and the reason `signed_out`, `revoked`, `evicted`, `expired`, `secret_reuse`, or `signed_in` if the session was
 * assigned to a user (again); with 1001 when the server stops; with 1013 beyond 32 sockets of one session. From then on
 * the app receives nothing more from the client. Messages are not activity: call `extend()` in the browser.
 *
 * Needs `nitro.experimental.websocket`. No WebSocket of the app, with or without this function, can be opened by a page
 * of another origin with the session cookie (403).
 */
export function defineSessionWebSocketHandler({ signedIn = false, ...hooks }: SessionWebSocketHooks) {
  return defineSocketHandler(withSession(hooks, signedIn))
}

/** Returns the session that a socket was opened with, as it was then. @throws Error for a socket of another handler */
export function socketSession(peer: SocketPeer): SocketSession {
  const { key, record } = sessionOfPeer(peer)
  return { id: sessionIdOf(key), userId: record.userId }
}
