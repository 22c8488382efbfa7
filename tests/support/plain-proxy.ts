import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy on loopback that accepts plain HTTP and reports it, like one that was configured without TLS. */
export async function startPlainProxy(target: string): Promise<{ port: number, close: () => void }> {
  const server = createServer((incoming, response) => {
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'http' }
    const outgoing = request(`${target}${incoming.url}`, { method: incoming.method, headers }, (upstream) => {
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
