import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { connect } from 'node:tls'
import { authority } from './certificate.ts'
import type { BuiltServer } from './server.ts'

type Target = Pick<BuiltServer, 'origin'>

/** A connection whose bytes are the test's own: TLS, verified, unless `plain`. Open when it resolves. */
export async function openSocket({ origin }: Target, { plain = false } = {}): Promise<Socket> {
  const port = Number(new URL(origin).port)
  const socket = plain ? connectPlain(port, 'localhost') : connect({ port, host: 'localhost', ca: authority() })
  await once(socket, plain ? 'connect' : 'secureConnect')
  socket.on('error', () => {}) // A reset is an end, too: a server that refuses may close before it has read everything.
  return socket
}

/** All that comes until the server closes the connection, in whatever way. */
export async function readToEnd(socket: Socket): Promise<string> {
  let received = ''
  socket.on('data', chunk => received += chunk.toString('latin1'))
  if (!socket.destroyed) await once(socket, 'close').catch(() => {})
  return received
}

/**
 * Sends bytes as they are and reads until the server closes: for what no client library would send.
 *
 * @returns the answer's status (`NaN` without an answer) and all that came, head and body
 */
export async function sendRaw(server: Target, bytes: string | Buffer): Promise<{ status: number, text: string }> {
  const socket = await openSocket(server)
  const answer = readToEnd(socket)
  socket.write(bytes)
  const text = await answer
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), text }
}

/** The head of a request, with `Connection: close` so that the answer has an end. */
export function rawHead({ origin }: Target, method: string, path: string, headers: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, `Host: ${new URL(origin).host}`, 'Connection: close', ...headers, '', ''].join('\r\n')
}

/** Headers; one without a value is left out of the request. */
export type Said = Record<string, string | undefined>

/** A request as it stands: nothing is added that a page would say but the length of a body. */
export function rawSaid(server: Target, method: string, path: string, said: Said, body?: string): string {
  const lines = Object.entries(said).flatMap(([name, text]) => text === undefined ? [] : [`${name}: ${text}`])
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return rawHead(server, method, path, [...lines, ...length]) + (body ?? '')
}

export function sayRaw(server: Target, method: string, path: string, said: Said, body?: string): ReturnType<typeof sendRaw> {
  return sendRaw(server, rawSaid(server, method, path, said, body))
}
