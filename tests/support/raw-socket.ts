import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'
import { authority } from './certificate.ts'
import type { BuiltServer } from './server.ts'

type Target = Pick<BuiltServer, 'origin'>

/** Opens a connection for arbitrary bytes: with TLS and a verified certificate, unless `plain`. */
export async function openSocket({ origin }: Target, { plain = false } = {}): Promise<Socket> {
  const port = Number(new URL(origin).port)
  const socket = plain ? connectPlain(port, 'localhost') : connect({ port, host: 'localhost', ca: authority() })
  await once(socket, plain ? 'connect' : 'secureConnect')
  // A reset ends the connection too: a server that refuses may close before it has read everything.
  socket.on('error', () => {})
  return socket
}

/** Returns everything that is received until the server closes the connection, in whatever way. */
export async function readToEnd(socket: Socket): Promise<string> {
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  if (!socket.destroyed) await once(socket, 'close').catch(() => {})
  return received
}

export interface RawResponse {
  /** `NaN` without a response. */
  status: number
  /** Everything that was received, head and body. */
  text: string
}

/** Sends arbitrary bytes, also those that no client library would send, and reads until the server closes. */
export async function sendRaw(server: Target, bytes: string | Buffer): Promise<RawResponse> {
  const socket = await openSocket(server)
  const received = readToEnd(socket)
  socket.write(bytes)
  const text = await received
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), text }
}

/** The head of a request, with `Connection: close` so that the response has an end. */
export function rawHead({ origin }: Target, method: string, path: string, headers: readonly string[] = []): string {
  const { host } = new URL(origin)
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers, '', ''].join('\r\n')
}

/** Headers by name; those that are `undefined` are not sent. */
export type RawHeaders = Record<string, string | undefined>

/** A request with these headers only, and the length of the body. */
export function rawRequest(server: Target, method: string, path: string, headers: RawHeaders, body?: string): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => value === undefined ? [] : [`${name}: ${value}`])
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return rawHead(server, method, path, [...lines, ...length]) + (body ?? '')
}

/** Sends such a request. */
export function sendRawRequest(
  server: Target,
  method: string,
  path: string,
  headers: RawHeaders,
  body?: string,
): Promise<RawResponse> {
  return sendRaw(server, rawRequest(server, method, path, headers, body))
}
