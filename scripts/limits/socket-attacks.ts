import { once } from 'node:events'
import type { Socket } from 'node:net'
import { CONTINUATION, PING, PONG, TEXT, frame } from '../../tests/support/raw-web-socket.ts'
import { newForwarding, statusOf } from './client.ts'
import type { Client } from './client.ts'
import type { Progress } from './pace.ts'
import { countOutcome, hold, repeat } from './pace.ts'

const PATH = '/ws/plain'
const UPGRADE_HEADERS = [
  'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]
const SOCKETS_PER_ADDRESS = 256
/** With the event streams, more than the 5,000 that a process holds. */
const SOCKETS = 2600
/** The server closes a socket that does not answer its pings, so these attackers do. */
const PONG_INTERVAL_MS = 10_000
const PONG_FRAME = frame(PONG, Buffer.alloc(0))
const PING_INTERVAL_MS = 100
const BATCHES = 50
const PINGS = Buffer.concat(Array.from({ length: 100 }, () => frame(PING, Buffer.alloc(125))))

/** What clients can do with WebSockets: nothing, long messages without an end, many fragments, unread pings. */
export function socketAttacks(client: Client): { name: string, start: (progress: Progress) => void }[] {
  const contents = [Buffer.alloc(0), unfinished(15, 4096), unfinished(1000, 1)]
  return [
    {
      name: 'WebSockets with messages that do not end',
      start: p => hold(SOCKETS, 60, p, index =>
        openSocket(client, addressOf(index), p, contents[index % contents.length]!)),
    },
    {
      name: 'messages of 5,000 fragments',
      start: p => repeat(2, p, () => untilClosed(client, p, unfinished(5000, 1))),
    },
    {
      name: 'messages over the limit',
      start: p => repeat(2, p, () => untilClosed(client, p, unfinished(3, 30_000))),
    },
    {
      name: 'pings whose responses are not read',
      start: p => hold(5, 1, p, () => floodWithPings(client, p)),
    },
  ]
}

function unfinished(fragments: number, bytes: number): Buffer {
  const payload = Buffer.alloc(bytes, 'x')
  const parts = Array.from({ length: fragments }, (_, index) =>
    frame(index === 0 ? TEXT : CONTINUATION, payload, { isFinal: false }))
  return Buffer.concat(parts)
}

function addressOf(index: number): string {
  const number = Math.floor(index / SOCKETS_PER_ADDRESS)
  return `102.0.${number >> 8 & 255}.${number & 255}`
}

/** @throws Error if the upgrade is refused */
async function openSocket(client: Client, address: string, progress: Progress, content: Buffer): Promise<Socket> {
  const socket = await client.open()
  socket.write(client.head('GET', PATH, [
    ...UPGRADE_HEADERS, `Origin: ${client.address.origin}`, `X-Forwarded-For: ${address}`,
  ]))
  const [first] = await Promise.race([once(socket, 'data'), once(socket, 'close')]) as [Buffer | boolean]
  if (!Buffer.isBuffer(first)) throw new Error('The connection was closed.')
  const status = statusOf(first)
  countOutcome(progress, status)
  if (status !== 101) {
    socket.destroy()
    throw new Error(`The upgrade got ${status}.`)
  }
  socket.resume()
  socket.write(content)
  const timer = setInterval(() => socket.write(PONG_FRAME), PONG_INTERVAL_MS)
  socket.once('close', () => clearInterval(timer))
  return socket
}

async function untilClosed(client: Client, progress: Progress, content: Buffer): Promise<string> {
  const socket = await openSocket(client, newForwarding()['x-forwarded-for'], progress, content)
  if (!socket.destroyed) await once(socket, 'close')
  return 'closed'
}

async function floodWithPings(client: Client, progress: Progress): Promise<Socket> {
  const socket = await openSocket(client, newForwarding()['x-forwarded-for'], progress, Buffer.alloc(0))
  socket.pause()
  const send = () => {
    for (let count = 0; count < BATCHES && socket.writable && socket.write(PINGS); count++);
  }
  const timer = setInterval(send, PING_INTERVAL_MS)
  socket.once('close', () => clearInterval(timer))
  return socket
}
