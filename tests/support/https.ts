import { Agent, request } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { authority } from './certificate.ts'

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']

/** What a call may set; `json` becomes the body and its Content-Type. */
export interface CallOptions {
  method?: string
  headers?: Record<string, string>
  cookie?: string
  json?: unknown
  /** A body as it is, in place of `json`. */
  body?: string | Buffer
  /** Says no Origin but one of `headers`, as no page would. */
  bare?: boolean
  /** Connections to use again: see {@link keepAlive}. */
  agent?: Agent
}

/** A response, read to its end. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  /** Each Set-Cookie line as it came. */
  setCookie: string[]
  body: string
}

/**
 * One HTTPS call, on a connection of its own unless there is an `agent`; the certificate is verified against the local authority.
 *
 * It says what a page of the called origin would: an unsafe method carries that Origin, unless `headers` has another.
 */
export async function call(url: string, options: CallOptions = {}): Promise<Answer> {
  const method = options.method ?? 'GET'
  const headers = {
    ...(SAFE_METHODS.includes(method) || options.bare ? {} : { origin: new URL(url).origin }),
    ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(options.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(options.body)) }), // Node gives a DELETE none.
    ...(options.cookie === undefined ? {} : { cookie: options.cookie }),
    ...options.headers,
  }
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const outgoing = request(url, { method, headers, ca: authority(), agent: options.agent ?? false }, (incoming) => {
    buffer(incoming).then(bytes => resolve({
      status: incoming.statusCode!,
      headers: incoming.headers,
      setCookie: incoming.headers['set-cookie'] ?? [],
      body: bytes.toString(),
    }), reject)
  })
  outgoing.on('error', reject)
  outgoing.end(options.json === undefined ? options.body : JSON.stringify(options.json))
  return promise
}

/** Keeps connections open for thousands of calls, at most `sockets` at once. To be destroyed in the end. */
export function keepAlive(sockets = 8): Agent {
  return new Agent({ keepAlive: true, maxSockets: sockets, ca: authority() })
}

/** The `name=value` part of a Set-Cookie line, as a browser would send it back. */
export function cookiePair(setCookie: string): string {
  return setCookie.split(';', 1)[0]!
}
