import type { Server } from 'node:http'
import type { Socket } from 'node:net'

const CHECK_INTERVAL_MS = 500

export interface Closable {
  /** Ends all event streams and WebSockets of sessions, and opens no more. */
  close(): void
}

/**
 * Closes the connections as soon as a signal tells the process to stop. Nitro's own server waits for open streams, up
 * to 30 seconds, and destroys WebSockets without a close frame, so this has to come first: call it before Nitro
 * listens.
 *
 * @param signals those that Nitro stops for
 */
export function closeBeforeExit(connections: Closable, signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) {
    process.once(signal, () => {
      connections.close()
      // A listener keeps the process running. Without another one, the signal is to end it as it would have.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    })
  }
}

/** Closes the connections when their server no longer listens, for servers that stop in other ways. */
export class ListenerWatch {
  readonly #connections: Closable
  readonly #servers = new Set<Server>()

  constructor(connections: Closable) {
    this.#connections = connections
  }

  /** Watches the server that a request came to. It emits no event until its last connection is gone. */
  watch(socket: Socket): void {
    const { server } = socket as Socket & { server?: Server }
    if (!server?.listening || this.#servers.has(server)) return
    this.#servers.add(server)
    const timer = setInterval(() => {
      if (server.listening) return
      clearInterval(timer)
      this.#servers.delete(server)
      if (this.#servers.size === 0) this.#connections.close()
    }, CHECK_INTERVAL_MS).unref()
  }
}
