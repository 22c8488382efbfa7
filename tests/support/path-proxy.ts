import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A proxy on loopback that puts several servers on one origin, each under its own path.
 *
 * @param targets the address of a server by the beginning of its paths
 */
export async function startPathProxy(targets: Record<string, string>): Promise<{ origin: string, close: () => void }> {
  const server = createServer((incoming, response) => {
    const [, target] = Object.entries(targets).find(([path]) => incoming.url!.startsWith(path)) ?? []
    if (target === undefined) {
      response.writeHead(404).end()
      return
    }
    const { method, headers } = incoming
    const outgoing = request(target + incoming.url, { method, headers }, (upstream) => {
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
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
