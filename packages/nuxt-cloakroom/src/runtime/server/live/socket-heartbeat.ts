/** Shorter than the idle timeout of any common proxy. */
const INTERVAL_MS = 25_000

/** What it needs of a WebSocket of the package `ws`. */
export interface PingableSocket {
  ping(): void
  terminate(): void
  on(event: 'pong' | 'message', listener: () => void): unknown
}

/**
 * Closes WebSockets whose client has disappeared: one that has neither answered a ping nor sent a message within an
 * interval. Browsers answer by themselves (RFC 6455 section 5.5.2).
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
