import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { authority } from './certificate.ts'
import type { BuiltServer } from './server.ts'

type Target = Pick<BuiltServer, 'origin'>

/** A connection whose bytes are the test's own: TLS, verified, unless `plain`. Open when it resolves. */
export async function openSocket({ origin }: Target, { plain = false } = {}): Promise<Socket> {
  const port = Number(new URL(origin).port)
  const socket = plain ? connectPlain(port, 'localhost') : connect({ port, host: 'localhost', ca: authority() })
  await once(socket, plain ? 'connect' : 'secureConnect')
  return socket
}

/** All that comes until the server closes the connection, in whatever way. */
export async function readToEnd(socket: Socket): Promise<string> {
  let received = ''
  socket.on('data', chunk => received += chunk.toString('latin1'))
  if (!socket.destroyed) await once(socket, 'close').catch(() => {})
  return received
}

/** Sends bytes as they are, and gives all that comes back until the server closes. */
export async function exchange(server: Target, bytes: string | Buffer): Promise<string> {
  const socket = await openSocket(server)
  socket.write(bytes)
  return text(socket)
}
