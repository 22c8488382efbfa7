import { once } from 'node:events'
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { FIXTURE_ORIGIN } from './fixture-server.ts'
import type { FixtureServer } from './fixture-server.ts'

/** A WebSocket of the fixture app, with what came over it. */
export interface FixtureSocket {
  readonly messages: readonly string[]
  send(text: string): void
  /** Resolves with the first message that matches. */
  hears(pattern: RegExp): Promise<string>
  readonly closed: Promise<{ code: number, reason: string }>
  close(): void
}

/** Opens one as a page of the app would, with a cookie. Rejects if it is refused. */
export async function openSocket(server: FixtureServer, path: string, cookie: string): Promise<FixtureSocket> {
  // Node's own takes headers, which browsers' do not; the DOM's types know only those.
  const NodeWebSocket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => WebSocket
  const socket = new NodeWebSocket(server.url.replace('http', 'ws') + path, { headers: { cookie, origin: FIXTURE_ORIGIN } })
  const messages: string[] = []
  socket.addEventListener('message', ({ data }) => void messages.push(String(data)))
  const closed = new Promise<{ code: number, reason: string }>(resolve => socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason })))
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error(`${path} opened no WebSocket`)))
  })
  return {
    messages,
    closed,
    send: message => socket.send(message),
    close: () => socket.close(),
    async hears(pattern) {
      for (;;) {
        const found = messages.find(message => pattern.test(message))
        if (found !== undefined) return found
        await new Promise(resolve => socket.addEventListener('message', resolve, { once: true }))
      }
    },
  }
}

/** A WebSocket that keeps no rule of the protocol but its framing: a close frame that comes is left unanswered. */
export interface RawFixtureSocket {
  send(text: string): void
  /** Resolves when these bytes have come. */
  hears(text: string): Promise<void>
  /** Sends a close frame; resolves when the server has ended the connection, and so has read all that was sent before. */
  close(): Promise<void>
}

const TEXT_FRAME = 0x81
const CLOSE_FRAME = 0x88
const MASKED = 0x80

export async function openRawSocket(server: FixtureServer, path: string, cookie: string): Promise<RawFixtureSocket> {
  const outgoing = upgradeRequest(server, path, { cookie, origin: FIXTURE_ORIGIN })
  const [, socket, head] = await once(outgoing, 'upgrade') as [IncomingMessage, Socket, Buffer]
  let seen = head.toString('latin1')
  socket.on('data', (chunk: Buffer) => seen += chunk.toString('latin1'))
  // A mask of zeros is a mask.
  const send = (kind: number, payload: string) => socket.write(Buffer.concat([Buffer.from([kind, MASKED | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]))
  return {
    send: message => void send(TEXT_FRAME, message),
    async hears(message) {
      while (!seen.includes(message)) await once(socket, 'data')
    },
    async close() {
      const ended = once(socket, 'close')
      send(CLOSE_FRAME, '')
      await ended
    },
  }
}

/** What a server answers to an upgrade: 101, or why not. */
export async function answerToUpgrade(server: FixtureServer, path: string, headers: Record<string, string>): Promise<{ status: number, headers: IncomingMessage['headers'], body: string }> {
  const outgoing = upgradeRequest(server, path, headers)
  const [incoming, socket] = await Promise.race([once(outgoing, 'response'), once(outgoing, 'upgrade')]) as [IncomingMessage, { destroy(): void }?]
  const body = incoming.statusCode === 101 ? '' : await text(incoming)
  socket?.destroy()
  return { status: incoming.statusCode!, headers: incoming.headers, body }
}

function upgradeRequest(server: FixtureServer, path: string, headers: Record<string, string>): ClientRequest {
  const own = { 'connection': 'Upgrade', 'upgrade': 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
  return request(server.url + path, { headers: { ...own, ...headers } }).end()
}
