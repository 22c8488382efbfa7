import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { createServer, request as secureRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { certificateFiles } from '../../certs/files.ts'
import { keepAlive } from './https.ts'

/**
 * A load balancer with one HTTPS origin, which sends each request to the next server. The servers speak HTTPS, or plain
 * HTTP as behind a proxy that ends TLS.
 */
export interface Balancer {
  readonly origin: string
  /** How many requests each server has received, in the order of `targets`. */
  readonly served: readonly number[]
  dispose(): Promise<void>
}

/** Starts one on a free port. `targets`: returns the servers' origins, once they have started. */
export async function startBalancer(targets: () => readonly string[]): Promise<Balancer> {
  const { cert, key } = certificateFiles()
  const served: number[] = []
  const agent = keepAlive(64) // Event streams occupy a connection for a long time.
  let requests = 0

  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (incoming, response) => {
    const origins = targets()
    const index = requests++ % origins.length
    served[index] = (served[index] ?? 0) + 1
    const url = new URL(incoming.url!, origins[index])
    const [request, connections] = url.protocol === 'https:' ? [secureRequest, agent] : [plainRequest, undefined]
    const { method, headers } = incoming
    const outgoing = request(url, { method, headers, agent: connections }, (upstream) => {
      response.writeHead(upstream.statusCode!, upstream.headers)
      upstream.pipe(response)
      upstream.on('error', () => response.destroy())
    })
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    served,
    async dispose() {
      agent.destroy()
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
