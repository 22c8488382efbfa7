import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setTimeout as delay } from 'node:timers/promises'
import type { FuzzRequest } from './request'
import type { FuzzResponse, ResponseHead } from './response'
import { bodyOf, headerValues, parseHead } from './response'
import { sendEndlessMessage } from './web-socket'

/** How to reach the server. */
export interface Connection {
  /** An IP address: a name could lead to another machine by the next request. */
  readonly address: string
  readonly port: number
  /** `null` for plain HTTP. */
  readonly tls: { readonly servername: string, readonly ca?: string, readonly rejectUnauthorized: boolean } | null
  /** How long the server may take for a response, or to close the connection. */
  readonly timeoutMs: number
}

type Sent = Pick<FuzzRequest, 'bytes' | 'isCutOff' | 'upgrade'>

const EVENT_STREAM = /^text\/event-stream/i
const SWITCHING_PROTOCOLS = 101

/**
 * Sends a request on a new connection, byte by byte as it is, and reads until the response ends or the server closes
 * the connection. Never rejects. Of an event stream it reads only the head.
 */
export async function exchange(connection: Connection, request: Sent): Promise<FuzzResponse> {
  const deadline = new AbortController()
  const timeout = delay(connection.timeoutMs, 'timeout' as const, { signal: deadline.signal })
  timeout.catch(() => {})
  const socket = open(connection)
  const reader = new Reader(socket)
  try {
    const opened = await Promise.race([whenOpen(socket, connection), timeout])
    if (opened !== 'open') return reader.response(opened)
    if (request.isCutOff) socket.end(request.bytes)
    else socket.write(request.bytes)
    const outcome = await Promise.race([reader.ended, timeout])
    if (outcome === 'timeout') return reader.response('timeout')
    const messageBytes = reader.head?.status === SWITCHING_PROTOCOLS ? request.upgrade?.messageBytes ?? 0 : 0
    if (messageBytes === 0) return reader.response(outcome)
    return reader.response(outcome, await Promise.race([sendEndlessMessage(socket, messageBytes), timeout]))
  }
  finally {
    deadline.abort()
    socket.destroy()
  }
}

function open({ address, port, tls }: Connection): Socket {
  if (!tls) return connectPlain({ host: address, port })
  return connectTls({ host: address, port, ALPNProtocols: ['http/1.1'], ...tls })
}

async function whenOpen(socket: Socket, { tls }: Connection): Promise<'open' | 'unreachable'> {
  return once(socket, tls ? 'secureConnect' : 'connect').then(() => 'open', () => 'unreachable')
}

/** Collects what a socket receives. */
class Reader {
  /** Resolves when the response has ended, or the server has closed the connection. */
  readonly ended: Promise<'answered' | 'closed'>
  head: ResponseHead | null = null
  #text = ''

  constructor(socket: Socket) {
    this.ended = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        this.#text += chunk.toString('latin1')
        this.head ??= parseHead(this.#text)
        if (this.head && hasNoEnd(this.head)) resolve('answered')
      })
      // A reset ends the connection, too: a server that refuses may close before it has read everything.
      socket.on('error', () => {})
      socket.on('close', () => resolve(this.head ? 'answered' : 'closed'))
    })
  }

  response(outcome: FuzzResponse['outcome'], socket: FuzzResponse['socket'] | 'timeout' = null): FuzzResponse {
    const { head } = this
    return {
      outcome,
      status: head?.status ?? null,
      headers: head?.headers ?? [],
      body: head ? bodyOf(this.#text, head) : '',
      text: this.#text,
      socket: socket === 'timeout' ? 'open' : socket,
    }
  }
}

/** Whether the server keeps the connection open after this head, as it should. */
function hasNoEnd(head: ResponseHead): boolean {
  return head.status === SWITCHING_PROTOCOLS
    || headerValues(head, 'content-type').some(type => EVENT_STREAM.test(type))
}
