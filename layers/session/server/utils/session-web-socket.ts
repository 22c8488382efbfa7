import type { Hooks, Peer } from 'crossws'
import { defineWebSocketHandler } from 'h3'
import { handleOf } from '../engine/identity'
import { hooksWithSession, sessionOfPeer } from '../internal/session-socket'

export interface SessionWebSocketHooks extends Partial<Hooks> {
  /** Somebody must be signed in; an anonymous session is not enough. Default `false`. */
  signedIn?: boolean
}

/** Whose a socket is. */
export interface SocketSession {
  readonly handle: string
  /** The user id given to `signIn`; `null` while anonymous, which it stays as long as the socket is open. */
  readonly owner: string | null
}

/**
 * A WebSocket for visitors with a session, which closes when the session ends, for whatever reason and on whatever server: as h3's `defineWebSocketHandler`, and with the same hooks.
 *
 * The upgrade is answered 401 without a session, and 503 while the store does not answer. Closed with 1008 and as its reason `signed_out`, `revoked`, `evicted`, `expired`, `secret_reuse`, or
 * `signed_in` when the session has become somebody's (again); with 1001 when the server stops; with 1013 beyond 32 sockets of one session. From then on the app hears nothing that comes from the client.
 * What goes over a socket is no activity: call `extend()` in the browser.
 *
 * Needs `nitro.experimental.websocket`. That no page of another origin opens a socket (403) holds for every WebSocket of the app, with this or without.
 */
export function defineSessionWebSocketHandler({ signedIn = false, ...hooks }: SessionWebSocketHooks) {
  return defineWebSocketHandler(hooksWithSession(hooks, signedIn))
}

/** The session that a socket was opened with, as it was then. @throws Error for a socket of another handler */
export function socketSession(peer: Peer): SocketSession {
  const { key, record } = sessionOfPeer(peer)
  return { handle: handleOf(key), owner: record.owner }
}
