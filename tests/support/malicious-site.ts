import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { OutgoingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ensureCertificate } from '../../certs/certificate.ts'

const PAGE = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Win a prize</title>'

/** The web server of an attacker: an empty page at every path. */
export interface MaliciousSite {
  readonly origin: string
  /** Additional headers of the next responses. */
  headers: OutgoingHttpHeaders
  close(): Promise<void>
}

/**
 * Starts one on a free port. On `localhost` it is another origin of the app's site, on `127.0.0.1` it is another site.
 */
export async function startMaliciousSite(host: 'localhost' | '127.0.0.1'): Promise<MaliciousSite> {
  const files = await ensureCertificate()
  const certificate = { cert: readFileSync(files.cert), key: readFileSync(files.key) }
  const server = createServer(certificate, (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', ...site.headers })
    response.end(PAGE)
  })
  server.listen(0, host)
  await once(server, 'listening')
  const site: MaliciousSite = {
    origin: `https://${host}:${(server.address() as AddressInfo).port}`,
    headers: {},
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return site
}
