/** Shorter than the idle timeout of any common proxy. */
const INTERVAL_MS = 25_000
/** What a client may leave unread when it sends a ping: the response to each ping waits in memory until it is read. */
const MAX_UNREAD_BYTES = 1024 * 1024

/** What it needs of a WebSocket of the package `ws`. */
export interface PingableSocket {
  /** Bytes that the client has not read. */
  readonly bufferedAmount: number
  ping(): void
  terminate(): void
  on(event: 'ping' | 'pong' | 'message', listener: () => void): unknown
}

/**
 * Closes WebSockets whose client has disappeared: one that has neither answered a ping nor sent a message within an
 * interval. Browsers answer by themselves (RFC 6455 section 5.5.2). Also those whose client sends pings itself and does
 * not read the responses.
 */
export class SocketHeartbeat {
  /** By socket, whether it was heard from since the last ping. */
  readonly #isAlive = new Map<PingableSocket, boolean>()
  #timer: NodeJS.Timeout | undefined

  /** Watches a socket until the returned function is called. */
  watch(socket: PingableSocket): () => void {
    const onSign = () => {
      if (this.#isAlive.has(socket)) this.#isAlive.set(socket, true)
    }
    socket.on('pong', onSign)
    socket.on('message', onSign)
    socket.on('ping', () => {
      if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate()
    })
    this.#isAlive.set(socket, true)
    this.#timer ??= setInterval(() => this.#beat(), INTERVAL_MS).unref()
    return () => this.#forget(socket)
  }

  #beat() {
    for (const [socket, isAlive] of this.#isAlive) {
      if (!isAlive) {
        this.#forget(socket)
        socket.terminate()
        continue
      }
      this.#isAlive.set(socket, false)
      socket.ping()
    }
  }

  #forget(socket: PingableSocket) {
    this.#isAlive.delete(socket)
    if (this.#isAlive.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
