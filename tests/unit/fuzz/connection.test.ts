import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { answersInTime, hasNoServerError, isStoreOutage }
  from '../../../packages/nuxt-cloakroom/src/fuzz/checks/answers'
import type { Exchange } from '../../../packages/nuxt-cloakroom/src/fuzz/checks/exchange'
import { exchange } from '../../../packages/nuxt-cloakroom/src/fuzz/connection'
import type { FuzzResponse } from '../../../packages/nuxt-cloakroom/src/fuzz/response'
import { HANG_MS } from '../../support/limits.ts'

const REQUEST = 'GET / HTTP/1.1\r\n\r\n'

describe('a request of the fuzzer', () => {
  let server: Server
  const sockets: Socket[] = []

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    server.close()
    await once(server, 'close')
  })

  it('gets the response without the framing of chunks', async () => {
    const response = await send(socket => socket.end(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\r\n'
      + '3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n',
    ))
    expect(response).toMatchObject({ outcome: 'answered', status: 200, body: 'abcde' })
    expect(response.headers.slice(1)).toEqual([['Set-Cookie', 'a=1'], ['set-cookie', 'b=2']])
  })

  it('skips interim responses', async () => {
    const response = await send(socket => socket.end('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\n\r\nx'))
    expect(response).toMatchObject({ status: 404, body: 'x' })
  })

  it('does not wait for the end of an event stream', async () => {
    const response = await send(socket => socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'))
    expect(response).toMatchObject({ outcome: 'answered', status: 200 })
    expect(answersInTime(exchangeOf(response))).toBeNull()
  })

  it('may be closed without a response', async () => {
    const response = await send(socket => socket.destroy())
    expect(response).toMatchObject({ outcome: 'closed', status: null })
    expect(answersInTime(exchangeOf(response))).toBeNull()
  })

  it('is reported if it gets neither a response nor an end', async () => {
    const response = await send(() => {}, { timeoutMs: 20 })
    expect(response.outcome).toBe('timeout')
    expect(answersInTime(exchangeOf(response))).toMatch(/neither responded nor closed/)
  })

  it('is reported if its response never ends', async () => {
    const response = await send(socket => socket.write('HTTP/1.1 200 OK\r\n\r\nx'), { timeoutMs: 20 })
    expect(response.outcome).toBe('timeout')
  })

  it('tells the server that nothing more comes if it is cut off', async () => {
    const response = await send(socket => socket.on('end', () => socket.end('HTTP/1.1 400 Cut off\r\n\r\n')), {
      isCutOff: true,
    })
    expect(response.status).toBe(400)
  })

  it.each([['HTTP/1.1 500 x\r\n\r\n', true], ['HTTP/1.1 503 x\r\n\r\n', true], ['HTTP/1.1 499 x\r\n\r\n', false]])(
    'is reported if the response is a server error: %j',
    async (text, isError) => {
      const response = await send(socket => socket.end(text))
      expect(hasNoServerError(exchangeOf(response)) !== null).toBe(isError)
    },
  )

  it.each([
    ['HTTP/1.1 503 x\r\nRetry-After: 2\r\n\r\n{"code":"store_unavailable"}', true],
    ['HTTP/1.1 503 x\r\nRetry-After: 2\r\n\r\n', true],
    ['HTTP/1.1 503 x\r\nRetry-After: 2\r\n\r\nbusy', false],
    ['HTTP/1.1 503 x\r\n\r\n{"code":"store_unavailable"}', false],
  ])('tells an outage of the store from other errors: %j', async (text, isOutage) => {
    const response = await send(socket => socket.end(text))
    expect(isStoreOutage(response)).toBe(isOutage)
    expect(hasNoServerError(exchangeOf(response)) === null).toBe(isOutage)
  })

  async function send(respond: (socket: Socket) => void, { timeoutMs = HANG_MS, isCutOff = false } = {}) {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      socket.once('data', () => respond(socket))
      if (isCutOff) respond(socket)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const request = { bytes: Buffer.from(REQUEST), isCutOff, upgrade: null }
    return exchange({ address: '127.0.0.1', port, tls: null, timeoutMs }, request)
  }
})

function exchangeOf(response: FuzzResponse): Exchange {
  return { response } as Partial<Exchange> as Exchange
}
