import { Agent, request } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { authority } from './certificate.ts'
import { keepCookie, keepTexts } from './leak-search.ts'

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/** `json` becomes the body, with its Content-Type. */
export interface CallOptions {
  method?: string
  headers?: Record<string, string>
  cookie?: string
  json?: unknown
  /** A body as it is, instead of `json`. */
  body?: string | Buffer
  /** Sends no `Origin` except one in `headers`, unlike a page. */
  withoutOrigin?: boolean
  /** Connections to reuse: see {@link keepAlive}. */
  agent?: Agent
}

/** A response, read to its end. */
export interface CallResponse {
  status: number
  headers: IncomingHttpHeaders
  /** Each `Set-Cookie` line. */
  setCookie: string[]
  body: string
}

/**
 * Makes one HTTPS call, on a new connection unless there is an `agent`. Verifies the certificate against the local
 * authority. Sends an unsafe method with the `Origin` of the called server, like one of its pages, unless `headers` has
 * another.
 */
export async function call(url: string, options: CallOptions = {}): Promise<CallResponse> {
  const { method = 'GET', json, body, cookie, withoutOrigin = false, agent = false } = options
  keepTexts(json ?? (typeof body === 'string' ? body : undefined))
  const headers = {
    ...(SAFE_METHODS.includes(method) || withoutOrigin ? {} : { origin: new URL(url).origin }),
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    // Node sends no Content-Length with DELETE.
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...(cookie === undefined ? {} : { cookie }),
    ...options.headers,
  }
  const { promise, resolve, reject } = Promise.withResolvers<CallResponse>()
  const outgoing = request(url, { method, headers, ca: authority(), agent }, (incoming) => {
    buffer(incoming).then(bytes => resolve({
      status: incoming.statusCode!,
      headers: incoming.headers,
      setCookie: keepCookies(incoming.headers['set-cookie']),
      body: bytes.toString(),
    }), reject)
  })
  outgoing.on('error', reject)
  outgoing.end(json === undefined ? body : JSON.stringify(json))
  return promise
}

function keepCookies(lines: string[] = []): string[] {
  lines.forEach(keepCookie)
  return lines
}

/** Keeps connections open for thousands of calls, at most `sockets` at once. Destroy it at the end. */
export function keepAlive(sockets = 8): Agent {
  return new Agent({ keepAlive: true, maxSockets: sockets, ca: authority() })
}

/** The `name=value` part of a `Set-Cookie` line, as a browser sends it back. */
export function cookiePair(setCookie: string): string {
  return setCookie.split(';', 1)[0]!
}
