import { once } from 'node:events'
import { request } from 'node:http'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { FIXTURE_ORIGIN } from './fixture-server.ts'
import type { FixtureServer } from './fixture-server.ts'

/** A WebSocket of the fixture app, with the messages that it has received. */
export interface FixtureSocket {
  readonly messages: readonly string[]
  readonly closed: Promise<SocketClose>
  send(message: string): void
  /** Resolves with the first message that matches. */
  waitFor(pattern: RegExp): Promise<string>
  close(): void
}

export interface SocketClose {
  readonly code: number
  readonly reason: string
}

/** Node's WebSocket accepts headers, unlike that of browsers, which the DOM's types describe. */
type NodeWebSocket = new (url: string, options: { headers: Record<string, string> }) => WebSocket

/** Opens a socket like a page of the app, with a cookie. Rejects if the upgrade is refused. */
export async function openSocket(
  server: Pick<FixtureServer, 'url'>,
  path: string,
  cookie: string,
  origin: string = FIXTURE_ORIGIN,
): Promise<FixtureSocket> {
  const headers = { cookie, origin }
  const socket = new (WebSocket as unknown as NodeWebSocket)(server.url.replace('http', 'ws') + path, { headers })
  const messages: string[] = []
  socket.addEventListener('message', ({ data }) => {
    messages.push(String(data))
  })
  const closed = new Promise<SocketClose>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error(`${path} refused the WebSocket`)))
  })
  return {
    messages,
    closed,
    send: message => socket.send(message),
    close: () => socket.close(),
    async waitFor(pattern) {
      for (;;) {
        const found = messages.find(message => pattern.test(message))
        if (found !== undefined) return found
        if (socket.readyState === WebSocket.CLOSED)
          throw new Error(`The WebSocket closed without ${pattern}: ${messages.join()}`)
        await new Promise((resolve) => {
          for (const event of ['message', 'close'] as const) socket.addEventListener(event, resolve, { once: true })
        })
      }
    },
  }
}

/** A WebSocket that frames messages correctly, but does not respond to a close frame. */
export interface RawFixtureSocket {
  send(message: string): void
  /** Resolves when these bytes have been received. */
  waitFor(bytes: string): Promise<void>
  /** Sends a close frame. Resolves when the server has closed the connection, and so has read everything before. */
  close(): Promise<void>
}

const TEXT_FRAME = 0x81
const CLOSE_FRAME = 0x88
const MASK_BIT = 0x80
const ZERO_MASK = [0, 0, 0, 0]

export async function openRawSocket(server: FixtureServer, path: string, cookie: string): Promise<RawFixtureSocket> {
  const outgoing = upgradeRequest(server, path, { cookie, origin: FIXTURE_ORIGIN })
  const [, socket, head] = await once(outgoing, 'upgrade') as [IncomingMessage, Socket, Buffer]
  let received = head.toString('latin1')
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  const send = (kind: number, payload: string) => {
    const header = Buffer.from([kind, MASK_BIT | payload.length, ...ZERO_MASK])
    socket.write(Buffer.concat([header, Buffer.from(payload)]))
  }
  return {
    send: message => send(TEXT_FRAME, message),
    async waitFor(bytes) {
      while (!received.includes(bytes)) {
        if (socket.closed) throw new Error(`The connection closed without ${bytes}.`)
        await Promise.race([once(socket, 'data'), once(socket, 'close')])
      }
    },
    async close() {
      const closed = once(socket, 'close')
      send(CLOSE_FRAME, '')
      await closed
    },
  }
}

export interface UpgradeResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Requests an upgrade. Returns the server's response: 101, or the refusal. */
export async function requestUpgrade(
  server: FixtureServer,
  path: string,
  headers: Record<string, string>,
): Promise<UpgradeResponse> {
  const outgoing = upgradeRequest(server, path, headers)
  const received = await Promise.race([once(outgoing, 'response'), once(outgoing, 'upgrade')])
  const [incoming, socket] = received as [IncomingMessage, Socket?]
  const body = incoming.statusCode === 101 ? '' : await text(incoming)
  socket?.destroy()
  return { status: incoming.statusCode!, headers: incoming.headers, body }
}

function upgradeRequest(server: FixtureServer, path: string, headers: Record<string, string>): ClientRequest {
  const upgrade = {
    'connection': 'Upgrade',
    'upgrade': 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  }
  return request(server.url + path, { headers: { ...upgrade, ...headers } }).end()
}
