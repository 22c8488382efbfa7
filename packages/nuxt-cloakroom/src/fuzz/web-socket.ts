import { once } from 'node:events'
import type { Socket } from 'node:net'

const FRAGMENT_BYTES = 64 * 1024
const TEXT = 0x01
const CONTINUATION = 0x00
const PING = 0x89
const PONG = 0x8A
const CLOSE = 0x88
const MASK_BIT = 0x80
const LENGTH_64_BIT = 127
const MAX_CONTROL_BYTES = 125
/** A client must mask what it sends (RFC 6455 section 5.3). With zeros the payload stays as it is. */
const ZERO_MASK = Buffer.alloc(4)
const PING_PAYLOAD = Buffer.from('cloakroom fuzz')
const EXPECTED_PONG = Buffer.concat([Buffer.of(PONG, PING_PAYLOAD.length), PING_PAYLOAD])

/**
 * Sends fragments of one message that never ends, and then a ping. Resolves with `closed` when the server has closed
 * the socket, and with `open` when it has responded to the ping: it has then accepted all of the message.
 */
export async function sendEndlessMessage(socket: Socket, bytes: number): Promise<'closed' | 'open'> {
  let state: 'closed' | 'open' | null = null
  let received = Buffer.alloc(0)
  const result = new Promise<'closed' | 'open'>((resolve) => {
    const finish = (end: 'closed' | 'open') => {
      state ??= end
      resolve(state)
    }
    socket.on('close', () => finish('closed'))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (endsWithClose(received)) finish('closed')
      if (received.includes(EXPECTED_PONG)) finish('open')
    })
  })
  const mayContinue = () => state === null && !socket.destroyed
  for (let sent = 0; sent < bytes && mayContinue(); sent += FRAGMENT_BYTES) {
    if (!socket.write(fragment(sent === 0 ? TEXT : CONTINUATION))) await Promise.race([drained(socket), result])
  }
  if (mayContinue()) socket.write(ping())
  return result
}

function fragment(opcode: number): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(FRAGMENT_BYTES))
  const payload = Buffer.alloc(FRAGMENT_BYTES, 'x')
  return Buffer.concat([Buffer.of(opcode, MASK_BIT | LENGTH_64_BIT), length, ZERO_MASK, payload])
}

function ping(): Buffer {
  return Buffer.concat([Buffer.of(PING, MASK_BIT | PING_PAYLOAD.length), ZERO_MASK, PING_PAYLOAD])
}

/** Whether the last frame is a close frame, after which a server sends nothing. */
function endsWithClose(received: Buffer): boolean {
  const at = received.lastIndexOf(CLOSE)
  if (at === -1) return false
  const length = received[at + 1] ?? Number.NaN
  return length <= MAX_CONTROL_BYTES && received.length === at + 2 + length
}

async function drained(socket: Socket): Promise<void> {
  await once(socket, 'drain').catch(() => {})
}
