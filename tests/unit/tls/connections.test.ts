import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { trackConnections } from '../../../server/tls/connections.ts'
import type { Connections } from '../../../server/tls/connections.ts'
import { HANG_MS } from '../../support/limits.ts'
import { issuePair } from './pairs.ts'

/** Whoever waits for it hangs, and fails. */
const LONG_MS = 10 * HANG_MS
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

let server: Server
let connections: Connections
let answer: (response: ServerResponse) => void
const sockets = new Set<Socket>()

beforeEach(async () => {
  answer = response => response.end('done')
  server = createServer((request, response) => {
    if (connections.track(request, response)) answer(response)
  })
  connections = trackConnections(server)
  await listen(server)
})

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.closeAllConnections()
  server.close()
})

async function listen(listener: Server) {
  await once(listener.listen(0, '127.0.0.1'), 'listening')
}

async function open(listener: Server = server): Promise<Socket> {
  const socket = connect((listener.address() as AddressInfo).port, '127.0.0.1')
  sockets.add(socket)
  const accepted = once(listener, 'connection')
  await Promise.all([once(socket, 'connect'), accepted])
  return socket
}

/** Everything the server sends until it closes the connection. */
const rest = (socket: Socket) => text(socket)

async function exchange(socket: Socket): Promise<string> {
  socket.write(GET)
  const [chunk] = await once(socket, 'data') as [Buffer]
  return chunk.toString()
}

/** Holds the next responses until they are ended by hand. */
function holdResponses() {
  const held: ServerResponse[] = []
  let arrived = () => {}
  answer = (response) => {
    held.push(response)
    arrived()
  }
  return { held, next: () => new Promise<void>(resolve => arrived = resolve) }
}

describe('track', () => {
  it('takes sixteen requests that come at once on a connection', async () => {
    const socket = await open()
    const received = rest(socket)
    socket.write(GET.repeat(15) + GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    expect((await received).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(16)
  })

  it('ends a connection on which more are unanswered, and has none of those handled', async () => {
    const { held } = holdResponses()
    const socket = await open()
    const received = rest(socket)
    socket.write(GET.repeat(1000))
    expect(await received).toBe('')
    expect(held).toHaveLength(16)
    expect(connections.inFlight()).toBe(0)
  })
})

describe('responses that their clients do not read', () => {
  const LIMIT = 10_000_000

  beforeEach(async () => {
    server.close()
    server = createServer((request, response) => {
      if (connections.track(request, response)) answer(response)
    })
    server.keepAliveTimeout = LONG_MS
    connections = trackConnections(server, LIMIT)
    await listen(server)
  })

  /** Asks for a response of this length on a new connection, and reads nothing. Returns the server's response. */
  async function leaveUnread(bytes: number) {
    const { held, next } = holdResponses()
    const socket = await open()
    const arrived = next()
    socket.write(GET)
    await arrived
    return { socket, response: held[0]!.end(Buffer.alloc(bytes)) }
  }

  it('are bounded in total: the connection with the most is ended, and others continue', async () => {
    const small = await leaveUnread(LIMIT / 2)
    const large = await leaveUnread(2 * LIMIT)
    await once(large.response, 'close')
    expect([large.response.writableFinished, small.response.closed]).toEqual([false, false])
    small.socket.resume()
    await once(small.response, 'close')
    expect(small.response.writableFinished).toBe(true)
  })
})

describe('a connection on which nothing moves for as long as an idle one is kept', () => {
  const LARGE = Buffer.alloc(32 * 1024 * 1024)

  beforeEach(() => {
    server.keepAliveTimeout = 50
  })

  it('is ended if its client does not read what waits for it', async () => {
    answer = response => response.end(LARGE)
    const accepted = once(server, 'connection')
    const socket = await open()
    const [atServer] = await accepted as [Socket]
    socket.pause().write(GET)
    await once(atServer, 'close')
    expect(connections.inFlight()).toBe(0)
  })

  it('is left alone while its request is being worked on', async () => {
    const { held, next } = holdResponses()
    const accepted = once(server, 'connection')
    const socket = await open()
    const [atServer] = await accepted as [Socket]
    const arrived = next()
    socket.write(GET)
    await arrived
    await once(atServer, 'timeout')
    const received = once(socket, 'data')
    held[0]!.end('late')
    expect(String((await received)[0])).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*late$/)
  })

  it('is ended if it waits for its next request', async () => {
    const socket = await open()
    await exchange(socket)
    expect(await rest(socket)).toBe('')
  })
})

describe('drain', () => {
  it('is done at once when no connection is open, and lets no new one in', async () => {
    expect(await connections.drain(LONG_MS)).toBe(true)
    expect(server.listening).toBe(false)
  })

  it('waits for a response and closes its connection', async () => {
    const { held, next } = holdResponses()
    const socket = await open()
    const arrived = next()
    socket.write(GET)
    await arrived
    expect(connections.inFlight()).toBe(1)
    const drained = connections.drain(LONG_MS)
    const received = rest(socket)
    held[0]!.end('late')
    expect(await received).toMatch(/^HTTP\/1\.1 200 OK\r\nConnection: close\r\n[^]*late/)
    expect(await drained).toBe(true)
    expect(connections.inFlight()).toBe(0)
  })

  it('waits for a response that has begun, and closes its connection though it promised to keep it', async () => {
    const { held, next } = holdResponses()
    const socket = await open()
    const arrived = next()
    socket.write(GET)
    await arrived
    held[0]!.write('first')
    const drained = connections.drain(LONG_MS)
    const received = rest(socket)
    held[0]!.end('last')
    expect(await received).toMatch(/Connection: keep-alive[^]*first[^]*last/)
    expect(await drained).toBe(true)
  })

  it('answers the next request of a busy client, and asks it to leave', async () => {
    const socket = await open()
    expect(await exchange(socket)).toContain('Connection: keep-alive')
    const drained = connections.drain(LONG_MS)
    const received = rest(socket)
    socket.write(GET)
    expect(await received).toMatch(/^HTTP\/1\.1 200 OK\r\nConnection: close\r\n/)
    expect(await drained).toBe(true)
  })

  it('closes a connection at once that has been idle for a second', async () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(10_000)
    const socket = await open()
    await exchange(socket)
    clock.mockReturnValue(11_000)
    expect(await connections.drain(LONG_MS)).toBe(true)
  })

  it('closes a connection on which no request has come', async () => {
    const socket = await open()
    const closed = rest(socket)
    expect(await connections.drain(LONG_MS)).toBe(true)
    expect(await closed).toBe('')
  })

  it('does not wait for a request that is never finished', async () => {
    const socket = await open()
    socket.write('GET / HTTP/1.1\r\nHost: ')
    expect(await connections.drain(LONG_MS)).toBe(true)
  })

  it('does not wait for a TLS handshake that is never finished', async () => {
    const { cert, key } = await issuePair()
    const secure = createHttpsServer({ cert, key })
    await listen(secure)
    await open(secure)
    expect(await trackConnections(secure).drain(LONG_MS)).toBe(true)
  })

  it('cuts off at its limit what is not answered by then', async () => {
    const { next } = holdResponses()
    const socket = await open()
    const arrived = next()
    socket.write(GET)
    await arrived
    const closed = rest(socket)
    expect(await connections.drain(10)).toBe(false)
    expect(await closed).toBe('')
  })
})
