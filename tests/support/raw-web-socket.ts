import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { FIXTURE_ORIGIN } from './fixture-server.ts'
import type { FixtureServer } from './fixture-server.ts'

/** Operation codes of frames (RFC 6455 section 5.2). */
export const CONTINUATION = 0x0
export const TEXT = 0x1
export const BINARY = 0x2
export const PING = 0x9
export const PONG = 0xA

const FINAL = 0x80
const COMPRESSED = 0x40
const MASKED = 0x80
const LENGTH_16 = 126
const LENGTH_64 = 127
const MAX_SHORT = 125
const MAX_16 = 0xFFFF
const HEADER_BYTES = { short: 2, medium: 4, long: 10 }

export interface FrameOptions {
  readonly isFinal?: boolean
  readonly isCompressed?: boolean
}

/** A frame as a client sends it, with a mask of zeros. */
export function frame(code: number, payload: Buffer, { isFinal = true, isCompressed = false }: FrameOptions = {}) {
  const first = code | (isFinal ? FINAL : 0) | (isCompressed ? COMPRESSED : 0)
  return Buffer.concat([lengthHeader(first, payload.length), Buffer.alloc(4), payload])
}

function lengthHeader(first: number, length: number): Buffer {
  if (length <= MAX_SHORT) return Buffer.of(first, MASKED | length)
  if (length <= MAX_16) {
    const header = Buffer.alloc(HEADER_BYTES.medium)
    header.set([first, MASKED | LENGTH_16])
    header.writeUInt16BE(length, HEADER_BYTES.short)
    return header
  }
  const header = Buffer.alloc(HEADER_BYTES.long)
  header.set([first, MASKED | LENGTH_64])
  header.writeBigUInt64BE(BigInt(length), HEADER_BYTES.short)
  return header
}

/** A WebSocket that sends arbitrary frames. */
export interface RawWebSocket {
  readonly socket: Socket
  /** The code with which the server closed it, or `null` if it has closed the connection without one. */
  readonly closeCode: Promise<number | null>
}

/** Opens a WebSocket like a page of the app. @throws Error with the status if the upgrade is refused */
export async function openRawWebSocket(
  server: Pick<FixtureServer, 'url'>,
  path: string,
  headers: Record<string, string> = {},
): Promise<RawWebSocket> {
  const upgrade = {
    'connection': 'Upgrade',
    'upgrade': 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'origin': FIXTURE_ORIGIN,
  }
  const outgoing = request(server.url + path, { headers: { ...upgrade, ...headers } }).end()
  const [incoming, socket, head] = await Promise.race([once(outgoing, 'upgrade'), once(outgoing, 'response')]) as
    [IncomingMessage, Socket | undefined, Buffer]
  if (!socket) {
    incoming.resume()
    throw new Error(`The upgrade of ${path} got ${incoming.statusCode}.`)
  }
  return { socket, closeCode: closeCodeOf(socket, head) }
}

const CLOSE_FRAME = 0x88

/** Server frames have no mask. Those before the close frame are short in these tests. */
async function closeCodeOf(socket: Socket, head: Buffer): Promise<number | null> {
  let received = head
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
  })
  socket.on('error', () => {})
  if (!socket.destroyed) await once(socket, 'close').catch(() => {})
  for (let at = 0; at + 1 < received.length; at += HEADER_BYTES.short + received[at + 1]!) {
    if (received[at] === CLOSE_FRAME) return received.readUInt16BE(at + HEADER_BYTES.short)
  }
  return null
}
