import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

interface LoopbackProxy {
  readonly port: number
  close(): void
}

/**
 * A proxy on loopback over plain HTTP.
 *
 * @param targetOf the address of the server for a request; without one the response is 404
 * @param headers in addition to those of each request
 */
async function startProxy(
  targetOf: (incoming: IncomingMessage) => string | undefined,
  headers: OutgoingHttpHeaders = {},
): Promise<LoopbackProxy> {
  const server = createServer((incoming, response) => {
    const target = targetOf(incoming)
    if (target === undefined) {
      response.writeHead(404).end()
      return
    }
    const options = { method: incoming.method, headers: { ...incoming.headers, ...headers } }
    const outgoing = request(target + incoming.url, options, (upstream) => {
      response.writeHead(upstream.statusCode!, upstream.headers)
      upstream.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** One that reports plain HTTP, like one that was configured without TLS. */
export function startPlainProxy(target: string): Promise<LoopbackProxy> {
  return startProxy(() => target, { 'x-forwarded-proto': 'http' })
}

/**
 * One that puts several servers on one origin, each under its own path.
 *
 * @param targets the address of a server by the beginning of its paths
 */
export function startPathProxy(targets: Readonly<Record<string, string>>): Promise<LoopbackProxy> {
  return startProxy(({ url }) => Object.entries(targets).find(([path]) => url!.startsWith(path))?.[1])
}
