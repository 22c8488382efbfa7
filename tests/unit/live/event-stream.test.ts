import { createServer, get } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { createApp, eventHandler, toNodeListener } from 'h3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { formatEvent, openEventStream } from '../../../packages/nuxt-cloakroom/src/runtime/server/live/event-stream'
import type { EventStream } from '../../../packages/nuxt-cloakroom/src/runtime/server/live/event-stream'
import { eventually } from '../../support/eventually'

describe('formatEvent', () => {
  it('puts the name and the data on one line each', () => {
    expect(formatEvent('ended', { reason: 'revoked' })).toBe('event: ended\ndata: {"reason":"revoked"}\n\n')
  })

  it.each(['\n', '\r', '\r\n', '\n\n'])('starts no other field after %j in the name or the data', (lineBreak) => {
    const data = { text: `a${lineBreak}data: forged${lineBreak}id: 1` }
    const message = formatEvent(`ended${lineBreak}event: forged`, data)
    expect(message.split(/\r\n|\r|\n/).map(line => line.split(':', 1)[0])).toEqual(['event', 'data', '', ''])
  })
})

describe('an event stream', () => {
  let server: Server
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  async function open() {
    const opened = Promise.withResolvers<EventStream>()
    const closed = vi.fn<() => void>()
    const app = createApp().use(eventHandler((event) => {
      opened.resolve(openEventStream(event, closed))
    }))
    server = createServer(toNodeListener(app)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
    const [response] = await once(request, 'response') as [IncomingMessage]
    return { request, response: response.setEncoding('utf8'), stream: await opened.promise, closed }
  }

  it('sends headers that forbid caching and buffering', async () => {
    const { response } = await open()
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
  })

  it('delivers each event immediately', async () => {
    const { response, stream } = await open()
    stream.send('hello')
    expect(await once(response, 'data')).toEqual(['event: hello\ndata: {}\n\n'])
  })

  it('calls onClose if the client has left before it begins', async () => {
    const arrived = Promise.withResolvers<Parameters<typeof openEventStream>[0]>()
    server = createServer((req, res) => arrived.resolve({ req, res })).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const request = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }).on('error', () => {})
    const event = await arrived.promise
    request.destroy()
    await once(event.res, 'close')
    const closed = vi.fn<() => void>()
    openEventStream(event, closed).send('hello')
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('ends when its client leaves more than 64 KiB unread, whatever the system buffers', async () => {
    const { request, stream, closed } = await open()
    request.on('error', () => {}) // The server resets the connection.
    const text = 'x'.repeat(16 * 1024)
    await eventually(() => {
      for (let count = 0; count < 100; count++) stream.send('changed', { text })
      expect(closed).toHaveBeenCalledOnce()
    })
  })

  it('calls onClose once if both sides close it', async () => {
    const { request, stream, closed } = await open()
    request.destroy()
    await eventually(() => expect(closed).toHaveBeenCalledOnce())
    stream.send('changed')
    stream.end()
    expect(closed).toHaveBeenCalledOnce()
  })

  it('gives the client two seconds to close it after endSoon', async () => {
    const { response, stream, closed } = await open()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const ended = once(response.resume(), 'end')
    stream.endSoon()
    vi.advanceTimersByTime(1999)
    stream.send('changed')
    expect(response.complete).toBe(false)
    vi.advanceTimersByTime(1)
    await ended
    await eventually(() => expect(closed).toHaveBeenCalledOnce())
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('sends a comment every 25 seconds, until it has ended', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { response, stream, closed } = await open()
    const comment = once(response, 'data')
    vi.advanceTimersByTime(25_000)
    expect(await comment).toEqual([':\n\n'])
    stream.end()
    await eventually(() => expect(closed).toHaveBeenCalledOnce())
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})
