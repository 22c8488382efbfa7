import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/** Tracks the connections of one server, to end them without losing a request. */
export interface Connections {
  /**
   * Call it for each request before you handle it. Returns `false` if the request is one too many on its connection,
   * which is then ended: do not handle that request.
   */
  track(request: IncomingMessage, response: ServerResponse): boolean
  /** Returns how many requests have no complete response yet. */
  inFlight(): number
  /** Returns whether a response has begun on this connection and not ended. */
  isAnswering(socket: Duplex): boolean
  /** Ends all connections. Resolves to true if all requests got a response, to false if the limit cut some off. */
  drain(limitMs: number): Promise<boolean>
}

interface Connection {
  /**
   * Usually none or one. Not a Set: a Set that lives as long as its connection keeps everything that it ever
   * contained alive until the next full garbage collection.
   */
  pending: ServerResponse[]
  /** When the connection was opened, or when its last response ended. */
  idleSince: number
}

/**
 * A busy client sends its next request within moments of the last response. So the server does not close a connection
 * that was in use this recently: the next response says `Connection: close`, and the client closes it.
 */
const BUSY_MS = 1_000

/**
 * How many requests of a connection may wait for a response. Browsers and proxies wait for each response, so more is
 * an attack: Node accepts all requests that it can read, and keeps every response in memory until the one before it
 * is sent. An event stream, or a client that does not read, can delay that forever.
 */
const MAX_UNANSWERED_REQUESTS = 16

/**
 * How much of responses may be unread on all connections together. A response is in memory until its client has read
 * it, and not reading costs an attacker nothing: a connection that requests a file of 130 KB 16 times takes 1 MB, so
 * 10,000 of them take 10 GB.
 */
const MAX_UNREAD_BYTES = 256 * 1024 * 1024
const UNREAD_CHECK_INTERVAL_MS = 1_000

/**
 * Tracks a server's connections, and ends those with the most unread bytes when there are too many in total.
 *
 * Node's `server.close()` and `closeIdleConnections()` are not enough. They cut connections on which the client's next
 * request is on its way. They leave connections open on which no request has come yet, which browsers open in advance.
 * They let keep-alive connections send more requests.
 */
export function trackConnections(
  server: HttpServer | HttpsServer,
  maxUnreadBytes = MAX_UNREAD_BYTES,
): Connections {
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

  // No data was transferred for as long as an idle connection is kept. A slow response is not the client's fault; not
  // reading what was sent is.
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength > 0 || !open.get(socket)?.pending.length) socket.destroy()
  })

  const unreadCheck = setInterval(endSlowestReaders, UNREAD_CHECK_INTERVAL_MS, open, maxUnreadBytes).unref()
  server.once('close', () => clearInterval(unreadCheck))

  function track({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const connection = open.get(socket)
    if (!connection) return true
    if (connection.pending.length >= MAX_UNANSWERED_REQUESTS) {
      socket.destroy()
      return false
    }
    connection.pending.push(response)
    // Node has no timeout while a response is pending, and sets this one itself afterwards.
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

  /** Without the timer, a client that never completes its TLS handshake would delay the end for ten seconds. */
  function finished(): Promise<true> {
    return new Promise((resolve) => {
      // Only stops listening. The override in http.Server would also cut connections and stop the timeouts.
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

function endSlowestReaders(open: ReadonlyMap<Socket, Connection>, maxUnreadBytes: number): void {
  const readers = [...open].map(([socket, { pending }]) => ({ socket, unread: unreadBytesOf(pending) }))
  let total = readers.reduce((sum, { unread }) => sum + unread, 0)
  if (total <= maxUnreadBytes) return
  for (const { socket, unread } of readers.sort((a, b) => b.unread - a.unread)) {
    if (total <= maxUnreadBytes) return
    socket.destroy()
    total -= unread
  }
}

function unreadBytesOf(responses: readonly ServerResponse[]): number {
  return responses.reduce((sum, { writableLength }) => sum + writableLength, 0)
}
