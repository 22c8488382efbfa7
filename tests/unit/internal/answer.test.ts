import { createServer, get } from 'node:http'
import type { ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { answerOf } from '../../../layers/session/server/internal/answer'

const server = createServer()
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

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
  response.write('first')
  const [received] = await once(client, 'response')
  await once(received, 'data')
  expect(told).not.toHaveBeenCalled()
  response.end('last')
  await answer
  expect(told).toHaveBeenCalledOnce()
  await expect(answerOf(response)).resolves.toBeUndefined()
})

it('is over when the client leaves', async () => {
  const { client, answer, told } = await request()
  client.destroy()
  await answer
  expect(told).toHaveBeenCalledOnce()
})

it('is waited for a second and no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const { client, response, told } = await request()
  response.flushHeaders()
  await vi.advanceTimersByTimeAsync(999)
  expect(told).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toHaveBeenCalledOnce()
  vi.useRealTimers()
  client.destroy()
})
