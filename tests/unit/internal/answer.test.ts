import { createServer, get } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { answerOf } from '../../../layers/session/server/internal/answer'

const server = createServer()
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

async function request() {
  const client = get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false })
  client.on('error', () => {})
  const [, response] = await once(server, 'request') as [unknown, ServerResponse]
  const told = vi.fn()
  const answer = answerOf(response).then(told)
  return { client, response, answer, told }
}

it('is there when it has been sent, and not before', async () => {
  const { client, response, answer, told } = await request()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told).not.toHaveBeenCalled()
  response.end('all of it')
  const [received] = await once(client, 'response') as [IncomingMessage]
  await text(received)
  await answer
  expect(told).toHaveBeenCalledOnce()
  expect(vi.getTimerCount()).toBe(0)
  await expect(answerOf(response)).resolves.toBeUndefined()
})

it('is over when the client leaves', async () => {
  const { client, answer } = await request()
  client.destroy()
  await expect(answer).resolves.toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})

it('is on its way within a second of its headers, though it may never end', async () => {
  const { client, response, answer, told } = await request()
  response.write('first')
  const [received] = await once(client, 'response') as [IncomingMessage]
  await once(received, 'data')
  expect(told).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1000)
  await expect(answer).resolves.toBeUndefined()
  client.destroy()
})
