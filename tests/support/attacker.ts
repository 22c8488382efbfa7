import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ensureCertificate } from '../../certs/certificate.ts'

/** Somebody else's web server: an empty page at every path. */
export interface Attacker {
  readonly origin: string
  /** What it sends along with the next pages. */
  headers: OutgoingHttpHeaders
  close(): Promise<void>
}

/** Serves on a port of its own: under `localhost` it is another origin of the app's site, under `127.0.0.1` another site. */
export async function serveAttacker(host: 'localhost' | '127.0.0.1'): Promise<Attacker> {
  const files = await ensureCertificate()
  const server = createServer({ cert: readFileSync(files.cert), key: readFileSync(files.key) }, (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...attacker.headers })
    response.end('<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Win a prize</title>')
  })
  server.listen(0, host)
  await once(server, 'listening')
  const attacker: Attacker = {
    origin: `https://${host}:${(server.address() as AddressInfo).port}`,
    headers: {},
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return attacker
}
