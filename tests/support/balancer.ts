import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { createServer, request as secureRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { certificateFiles } from '../../certs/files.ts'
import { keepAlive } from './https.ts'

/** One HTTPS origin before servers that take turns: one request each. They speak HTTPS, or plain HTTP as behind a proxy that ends TLS. */
export interface Balancer {
  readonly origin: string
  /** How many requests each server has had, in the order they were given. */
  readonly served: readonly number[]
  dispose(): Promise<void>
}

/** Starts one on a free port. `targets`: gives the servers' origins, once they have started. */
export async function startBalancer(targets: () => readonly string[]): Promise<Balancer> {
  const { cert, key } = certificateFiles()
  const served: number[] = []
  const agent = keepAlive(64) // Streams keep theirs for long.
  let turn = 0

  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (incoming, response) => {
    const origins = targets()
    const index = turn++ % origins.length
    served[index] = (served[index] ?? 0) + 1
    const url = new URL(incoming.url!, origins[index])
    const [request, connections] = url.protocol === 'https:' ? [secureRequest, agent] : [plainRequest, undefined]
    const outgoing = request(url, { method: incoming.method, headers: incoming.headers, agent: connections }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
      answer.on('error', () => response.destroy())
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
