import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** The connections of one server, known well enough to end them without losing a request. */
export interface Connections {
  /**
   * To be told of each request before it is handled. `false`: it is one too many on its connection, which has been
   * ended; leave it alone.
   */
  track(request: IncomingMessage, response: ServerResponse): boolean
  /** How many requests have no complete response yet. */
  inFlight(): number
  /** Whether a response has begun on this connection and not ended. */
  isAnswering(socket: Duplex): boolean
  /** Ends everything. True if all requests were answered; false if the limit passed and the rest were cut off. */
  drain(limitMs: number): Promise<boolean>
}

interface Connection {
  /**
   * Most often none or one. No Set: one that lives as long as its connection keeps what it has held alive until the
   * next full garbage collection.
   */
  pending: ServerResponse[]
  /** When it was opened, or its last response ended. */
  idleSince: number
}

/**
 * A client that is busy sends its next request within moments of the last response. So a connection that was in use
 * this recently is not closed under it: the next response says `Connection: close`, and the client leaves by itself.
 */
const BUSY_MS = 1_000

/**
 * Requests that a connection may have unanswered. Browsers and proxies wait for each answer, so more is an attack: Node
 * hands over all that it can read, and keeps every answer in memory until the one before it is sent, which an event
 * stream or a client that does not read can put off for ever.
 */
const MAX_UNANSWERED_REQUESTS = 16

/**
 * Follows a server's connections. Node's `server.close()` and `closeIdleConnections()` do not suffice: they cut
 * connections on which the client's next request is on its way, spare those on which none has come yet (which browsers
 * open in advance), and let keep-alive ones ask for more.
 */
export function trackConnections(server: HttpServer | HttpsServer): Connections {
  const open = new Map<Socket, Connection>()
  let draining = false
  let whenEmpty = () => {}

  server.on(server instanceof HttpsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    open.set(socket, { pending: [], idleSince: performance.now() })
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0) whenEmpty()
    })
    if (draining) closeOnceIdle(socket)
  })

  // Nothing has moved for as long as an idle connection is kept. That an answer takes long is none of the client's
  // fault; that it does not read what is there is.
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0 || !open.get(socket)?.pending.length) socket.destroy()
  })

  function track({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const connection = open.get(socket)
    if (!connection) return true
    if (connection.pending.length >= MAX_UNANSWERED_REQUESTS) {
      socket.destroy()
      return false
    }
    connection.pending.push(response)
    // Node has no limit while a request is answered, and sets this one itself afterwards.
    socket.setTimeout(server.keepAliveTimeout)
    if (draining) response.setHeader('Connection', 'close')
    response.once('close', () => {
      connection.pending.splice(connection.pending.indexOf(response), 1)
      connection.idleSince = performance.now()
      if (draining) closeOnceIdle(socket)
    })
    return true
  }

  function closeOnceIdle(socket: Socket): void {
    const connection = open.get(socket)
    if (!connection || connection.pending.length) return
    const restMs = connection.idleSince + BUSY_MS - performance.now()
    if (restMs > 0) setTimeout(closeOnceIdle, restMs, socket)
    else socket.destroySoon()
  }

  /** Without the second promise, a client that never ends its TLS handshake would hold up the end for ten seconds. */
  function finished(): Promise<true> {
    return new Promise((resolve) => {
      // Stops listening and no more: the method that http.Server puts over it would cut connections, and stop the
      // timeouts.
      NetServer.prototype.close.call(server, () => resolve(true))
      setTimeout(() => {
        whenEmpty = () => resolve(true)
        if (open.size === 0) whenEmpty()
      }, BUSY_MS)
    })
  }

  async function drain(limitMs: number): Promise<boolean> {
    draining = true
    for (const response of unanswered()) if (!response.headersSent) response.setHeader('Connection', 'close')
    for (const socket of open.keys()) closeOnceIdle(socket)
    const clean = await Promise.race([finished(), sleep(limitMs, false)])
    for (const socket of open.keys()) socket.destroy()
    return clean
  }

  const unanswered = () => [...open.values()].flatMap(({ pending }) => pending)
  const isAnswering = (socket: Duplex) =>
    open.get(socket as Socket)?.pending.some(({ headersSent }) => headersSent) ?? false
  return { track, drain, isAnswering, inFlight: () => unanswered().length }
}
