import type { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import { securityHeaders } from '../headers/policy.ts'

/** Why a request gets no further: a status, and a sentence for whoever sent it. */
export interface Refusal {
  status: 400 | 417 | 421
  message: string
}

/** Looks at a request before anything else does; null lets it through. */
export type Guard = (request: Pick<IncomingMessage, 'url' | 'headers' | 'rawHeaders' | 'httpVersion'>) => Refusal | null

const REMEMBERED_HOSTS = 100
const REFUSAL_HEADERS = { 'Connection': 'close', 'Cache-Control': 'no-store', 'Content-Type': 'text/plain' }

/**
 * What Node's parser lets through though no honest client sends it: two Host headers, or none in HTTP/1.1 (RFC 9112,
 * section 3.2, asks for a 400), and a request target that is a whole URL, which a router and a guard in front of it
 * could read differently.
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
 * A guard that serves only hosts the certificate is for, and answers 421 (RFC 9110, section 15.5.20) to others. So no
 * foreign name that someone points at this address can become part of a link, a cache key or an origin check. A request
 * without Host (HTTP/1.0) claims no name, and passes.
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

/** Answers a refusal and closes the connection, whose next bytes may be anything. */
export function sendRefusal(response: ServerResponse, { status, message }: Refusal): void {
  response.writeHead(status, { ...securityHeaders(response.req.headers.host), ...REFUSAL_HEADERS }).end(`${message}\n`)
}

/**
 * Lets a client that sent `Expect: 100-continue` go on only when something reads the body, so that a refusal can come
 * before the body does. The connection ends with the response: after a refusal, nobody could tell whether the body
 * still comes.
 */
export function continueWhenRead(request: IncomingMessage, response: ServerResponse): void {
  const read = request._read
  response.setHeader('Connection', 'close')
  request._read = function (size) {
    // The one call that all ways of reading come down to; the event 'resume' would miss some.
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
