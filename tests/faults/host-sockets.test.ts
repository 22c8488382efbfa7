import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { requestUpgrade } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'
import type { RawWebSocket } from '../support/raw-web-socket.ts'
import { BINARY, CONTINUATION, PING, PONG, TEXT, frame, openRawWebSocket } from '../support/raw-web-socket.ts'

const MAX_BYTES = 64 * 1024
const MESSAGE_TOO_BIG = 1009
const PROTOCOL_ERROR = 1002
const MAX_PER_ADDRESS = 5
const MAX_CONNECTIONS = 8

describe('the WebSockets of an app, with the module on Nitro’s own server', () => {
  let app: string
  let server: FixtureServer
  const opened: RawWebSocket[] = []

  async function open(path = '/ws/plain', headers: Record<string, string> = {}, on = server) {
    const opening = await openRawWebSocket(on, path, headers)
    opened.push(opening)
    return opening
  }

  beforeAll(async () => {
    app = await buildPackedApp('npm', 'host')
    server = await startFixture(app)
  })

  afterEach(async () => {
    for (const { socket, closeCode } of opened.splice(0)) {
      socket.destroy()
      await closeCode
    }
  })

  afterAll(async () => {
    await server?.dispose()
    expect(server?.unusualLogs ?? []).toEqual([])
  })

  describe('a message', () => {
    const part = Buffer.alloc(MAX_BYTES / 4, 'x')
    const long = Buffer.alloc(MAX_BYTES + 1, 'x')

    it.each([
      ['of text', [frame(TEXT, long)], MESSAGE_TOO_BIG],
      ['of bytes', [frame(BINARY, long)], MESSAGE_TOO_BIG],
      ['of which only the length has come', [frame(BINARY, long).subarray(0, 14)], MESSAGE_TOO_BIG],
      ['in fragments without an end', [
        frame(TEXT, part, { isFinal: false }),
        ...Array.from({ length: 4 }, () => frame(CONTINUATION, part, { isFinal: false })),
      ], MESSAGE_TOO_BIG],
      ['that is compressed, although that was not negotiated', [
        frame(BINARY, randomBytes(10), { isCompressed: true }),
      ], PROTOCOL_ERROR],
    ])('%s closes the socket at the limit', async (_kind, frames, code) => {
      const { socket, closeCode } = await open()
      for (const bytes of frames) socket.write(bytes)
      expect(await closeCode).toBe(code)
    })

    it('in more than 1,024 fragments closes the socket, however short it is', async () => {
      const { socket, closeCode } = await open()
      const byte = (code: number) => frame(code, Buffer.of(0x61), { isFinal: false })
      socket.write(Buffer.concat([byte(TEXT), ...Array.from({ length: 1100 }, () => byte(CONTINUATION))]))
      expect([MESSAGE_TOO_BIG, null]).toContain(await closeCode)
    })

    it('in 1,000 fragments is received', async () => {
      const { socket, closeCode } = await open()
      const byte = (code: number, isFinal = false) => frame(code, Buffer.of(0x61), { isFinal })
      const fragments = Array.from({ length: 998 }, () => byte(CONTINUATION))
      socket.write(Buffer.concat([byte(TEXT), ...fragments, byte(CONTINUATION, true)]))
      socket.write(frame(0x8, Buffer.of(0x03, 0xE8)))
      expect(await closeCode).toBe(1000)
    })

    it('of exactly the limit is received, in fragments too', async () => {
      const { socket, closeCode } = await open()
      for (const [index, code] of [TEXT, CONTINUATION, CONTINUATION, CONTINUATION].entries()) {
        socket.write(frame(code, part, { isFinal: index === 3 }))
      }
      socket.write(frame(0x8, Buffer.of(0x03, 0xE8)))
      expect(await closeCode).toBe(1000)
    })
  })

  it('that sends pings and reads no response is ended, although it answers those of the server', async () => {
    const { socket, closeCode } = await open()
    socket.pause()
    const ping = frame(PING, Buffer.alloc(125))
    const batch = Buffer.concat([frame(PONG, Buffer.alloc(0)), ...Array.from({ length: 1000 }, () => ping)])
    const send = () => {
      while (socket.writable && socket.write(batch));
    }
    socket.on('drain', send)
    send()
    expect(await closeCode).toBe(null)
  })

  it('are refused with 404 on a path without a handler, and with 400 for a Host that is none', async () => {
    const statusOf = async (path: string, headers: Record<string, string> = {}) =>
      (await requestUpgrade(server, path, headers)).status
    expect(await statusOf('/nowhere')).toBe(404)
    expect(await statusOf('/api/me')).toBe(404)
    expect(await statusOf('/')).toBe(404)
    expect(await statusOf('/ws/plain')).toBe(101)
    expect(await statusOf('/nowhere', { host: 'x/ws/plain' })).toBe(400)
    expect(await statusOf('/ws/plain', { host: '%%%' })).toBe(400)
  })

  it('that are refused and reset by the client leave nothing in the log', async () => {
    const lines = ['GET /nowhere HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: websocket', '', '']
    for (let count = 0; count < 50; count++) {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(lines.join('\r\n'))
      socket.resetAndDestroy()
    }
    await requestUpgrade(server, '/nowhere', {}) // Until the server has seen them all.
    expect(server.unusualLogs).toEqual([])
  })

  it('are limited by address, those of signed-in users not, and requests are served all the same', async () => {
    const limited = await startFixture(app, {
      NUXT_CLOAKROOM_MAX_CONNECTIONS_PER_ADDRESS: String(MAX_PER_ADDRESS),
      NUXT_CLOAKROOM_MAX_CONNECTIONS: String(MAX_CONNECTIONS),
    })
    const visitor = new FixtureVisitor(limited)
    await visitor.visit('/api/sign-in', { method: 'POST' })
    const forwarded = { 'x-forwarded-for': '203.0.113.7' }
    for (let count = 0; count < MAX_PER_ADDRESS; count++) await open('/ws/plain', forwarded, limited)
    const refused = await requestUpgrade(limited, '/ws/plain', forwarded)
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '2' } })
    await open('/ws/plain', { 'x-forwarded-for': '203.0.113.8' }, limited)
    const own = { ...forwarded, cookie: visitor.cookie, origin: FIXTURE_ORIGIN }
    await open('/ws/chat', own, limited)
    await open('/ws/chat', own, limited)
    const stranger = new FixtureVisitor(limited)
    await stranger.post('/api/count')
    const anonymous = { ...forwarded, cookie: stranger.cookie, origin: FIXTURE_ORIGIN }
    expect((await requestUpgrade(limited, '/ws/chat', anonymous)).status).toBe(429)
    const full = await requestUpgrade(limited, '/ws/plain', { 'x-forwarded-for': '203.0.113.10' })
    expect(full.status).toBe(429)
    expect((await visitor.get('/api/_session/events')).status).toBe(429)
    expect((await visitor.get('/api/me')).json()).toMatchObject({ userId: 'ada' })
    const [first] = opened
    first!.socket.destroy()
    await once(first!.socket, 'close')
    await expect.poll(() => requestUpgrade(limited, '/ws/plain', forwarded).then(({ status }) => status)).toBe(101)
    const warnings = await limited.linesWith('as many event streams and WebSockets as')
    expect(warnings).toHaveLength(1)
    await limited.dispose()
  })
})
