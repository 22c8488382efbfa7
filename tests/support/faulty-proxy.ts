import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** A TCP proxy between a client and a server, that fails as networks do. */
export interface FaultyProxy {
  readonly port: number
  /** From now on swallows everything on the connections that there are, without closing them. New ones work. */
  fallSilent(): void
  /** Cuts each connection after so many more bytes of the server's replies. */
  cutAfter(bytes: number): void
  /** Closes all connections, and takes no new ones until the result is called. */
  refuse(): () => void
  dispose(): Promise<void>
}

export async function startProxy(target: number): Promise<FaultyProxy> {
  const pairs = new Set<readonly [client: Socket, server: Socket]>()
  let left = Infinity
  let refusing = false

  const listener = createServer((client) => {
    if (refusing) return void client.destroy()
    const server = connect(target, '127.0.0.1')
    const pair = [client, server] as const
    pairs.add(pair)
    client.pipe(server)
    server.on('data', (chunk: Buffer) => {
      client.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left <= 0) cut(pair)
    })
    for (const socket of pair) socket.on('error', () => {}).on('close', () => cut(pair))
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')

  function cut(pair: readonly [Socket, Socket]) {
    if (!pairs.delete(pair)) return
    left = Infinity
    for (const socket of pair) socket.destroySoon()
  }

  return {
    port: (listener.address() as AddressInfo).port,
    fallSilent() {
      for (const [client, server] of pairs) {
        client.unpipe(server).resume()
        server.removeAllListeners('data').resume()
      }
    },
    cutAfter: bytes => void (left = bytes),
    refuse() {
      refusing = true
      for (const pair of pairs) cut(pair)
      return () => void (refusing = false)
    },
    async dispose() {
      for (const pair of pairs) cut(pair)
      listener.close()
      await once(listener, 'close')
    },
  }
}
