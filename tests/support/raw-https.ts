import { connect } from 'node:tls'
import { authority } from './certificate.ts'

/**
 * Sends bytes as they are and reads until the server closes: for what no client library would send.
 *
 * @returns the answer's status and all that came, head and body
 */
export async function sendRaw(origin: string, request: string | Buffer): Promise<{ status: number, text: string }> {
  const { hostname, port } = new URL(origin)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  const socket = connect({ host: hostname, port: Number(port), servername: hostname, ca: authority() }, () => socket.write(request))
  socket.on('data', chunk => chunks.push(chunk))
  socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  // A server that refuses may close before it has read everything.
  socket.on('error', error => chunks.length > 0 ? resolve(Buffer.concat(chunks).toString('latin1')) : reject(error))
  const text = await promise
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), text }
}

/** The head of a request, with `Connection: close` so that the answer has an end. */
export function rawHead(origin: string, method: string, path: string, headers: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, `Host: ${new URL(origin).host}`, 'Connection: close', ...headers, '', ''].join('\r\n')
}
