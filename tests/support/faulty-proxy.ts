import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** A TCP proxy between a client and a server, which fails like a network. */
export interface FaultyProxy {
  readonly port: number
  /** Drops all data on the current connections without closing them. New connections work. */
  blackhole(): void
  /** Closes a connection after this many more bytes of the server's replies. */
  closeAfter(bytes: number): void
  /** Closes all connections and accepts no new one, until the returned function is called. */
  refuse(): () => void
  dispose(): Promise<void>
}

export async function startProxy(target: number): Promise<FaultyProxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>()
  let remaining = Infinity
  let isRefusing = false

  const listener = createServer((client) => {
    if (isRefusing) {
      client.destroy()
      return
    }
    const server = connect(target, '127.0.0.1')
    const pair = [client, server] as const
    pairs.add(pair)
    client.pipe(server)
    server.on('data', (chunk: Buffer) => {
      client.write(chunk.subarray(0, remaining))
      remaining -= chunk.length
      if (remaining <= 0) closePair(pair)
    })
    for (const socket of pair) socket.on('error', () => {}).on('close', () => closePair(pair))
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')

  function closePair(pair: readonly [Socket, Socket]) {
    if (!pairs.delete(pair)) return
    remaining = Infinity
    for (const socket of pair) socket.destroySoon()
  }

  return {
    port: (listener.address() as AddressInfo).port,
    blackhole() {
      for (const [client, server] of pairs) {
        client.unpipe(server).resume()
        server.removeAllListeners('data').resume()
      }
    },
    closeAfter(bytes) {
      remaining = bytes
    },
    refuse() {
      isRefusing = true
      for (const pair of pairs) closePair(pair)
      return () => {
        isRefusing = false
      }
    },
    async dispose() {
      for (const pair of pairs) closePair(pair)
      listener.close()
      await once(listener, 'close')
    },
  }
}
