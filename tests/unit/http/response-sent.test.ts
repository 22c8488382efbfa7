import { createServer, get } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { whenSent } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/response-sent'

const server = createServer()
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

async function request() {
  const { port } = server.address() as AddressInfo
  const client = get({ host: '127.0.0.1', port, agent: false })
  client.on('error', () => {})
  const [, response] = await once(server, 'request') as [unknown, ServerResponse]
  const onSent = vi.fn()
  const sent = whenSent(response).then(onSent)
  return { client, response, sent, onSent }
}

describe('whenSent', () => {
  it('resolves when the response has been sent, and not before', async () => {
    const { client, response, sent, onSent } = await request()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(onSent).not.toHaveBeenCalled()
    response.end('the whole body')
    const [received] = await once(client, 'response') as [IncomingMessage]
    await text(received)
    await sent
    expect(onSent).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
    await expect(whenSent(response)).resolves.toBeUndefined()
  })

  it('resolves when the client disconnects', async () => {
    const { client, sent } = await request()
    client.destroy()
    await expect(sent).resolves.toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('resolves within a second of the headers, even if the response never ends', async () => {
    const { client, response, sent, onSent } = await request()
    response.write('first')
    const [received] = await once(client, 'response') as [IncomingMessage]
    await once(received, 'data')
    expect(onSent).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1000)
    await expect(sent).resolves.toBeUndefined()
    client.destroy()
  })
})
