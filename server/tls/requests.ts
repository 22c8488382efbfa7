import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { securityHeaders } from '../headers/policy.ts'

/** Why a request is refused: a status, and a sentence for the client. */
export interface Refusal {
  status: 400 | 417 | 421
  message: string
}

/** Checks a request before anything else handles it. Returns null to accept it. */
export type Guard = (request: Pick<IncomingMessage, 'url' | 'headers' | 'rawHeaders' | 'httpVersion'>) => Refusal | null

const REMEMBERED_HOSTS = 100
const REFUSAL_HEADERS = { 'Connection': 'close', 'Cache-Control': 'no-store', 'Content-Type': 'text/plain' }

/**
 * Refuses what Node's parser accepts although no honest client sends it: two Host headers, or none in HTTP/1.1 (RFC
 * 9112, section 3.2, requires a 400), and a request target that is a whole URL, because a router and a guard in front
 * of it could parse that differently.
 */
export const refuseMalformed: Guard = ({ url, rawHeaders, httpVersion }) => {
  if (url !== '*' && !url?.startsWith('/')) return { status: 400, message: 'The request target is not a path.' }
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts === 0 && httpVersion === '1.1') return { status: 400, message: 'There is no Host header.' }
  return hosts > 1 ? { status: 400, message: 'There is more than one Host header.' } : null
}

/**
 * Returns a guard that accepts only hosts in the certificate, and refuses others with 421 (RFC 9110, section
 * 15.5.20). So a foreign name that points to this address cannot become part of a link, a cache key or an origin
 * check. A request without Host (HTTP/1.0) claims no name and is accepted.
 */
export function refuseOtherHosts(certificate: X509Certificate): Guard {
  const served = new Set<string>()
  return ({ headers: { host } }) => {
    if (host === undefined || served.has(host)) return null
    if (!isFor(certificate, host)) return { status: 421, message: 'This server\'s certificate is not for that host.' }
    if (served.size < REMEMBERED_HOSTS) served.add(host)
    return null
  }
}

/** Sends a refusal and closes the connection, because its next bytes may be anything. */
export function sendRefusal(response: ServerResponse, { status, message }: Refusal): void {
  response.writeHead(status, { ...securityHeaders(response.req.headers.host), ...REFUSAL_HEADERS }).end(`${message}\n`)
}

/**
 * Sends `100 Continue` to a client that sent `Expect: 100-continue` only when the body is read, so a refusal can come
 * before the body does. The connection ends with the response: after a refusal, the server cannot know whether the
 * body still comes.
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request._read
  response.setHeader('Connection', 'close')
  request._read = function (size) {
    // All ways of reading call this method; the event 'resume' would miss some.
    request._read = read
    if (!response.headersSent) response.writeContinue()
    read.call(request, size)
  }
}

function isFor(certificate: X509Certificate, host: string): boolean {
  const name = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d*)?$/i.exec(host)
  if (!name) return false
  const bare = (name[1] ?? name[2])!.replace(/\.$/, '')
  return (isIP(bare) ? certificate.checkIP(bare) : certificate.checkHost(bare)) !== undefined
}
