import { beforeAll, describe, expect, it } from 'vitest'
import { HANG_MS } from '../support/limits.ts'
import { FIXTURE_ORIGIN, startFixture } from '../support/fixture-server.ts'
import { openSocket } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

/** Nitro ends open connections after this time, which no test waits for. */
const PATIENT = { NITRO_SHUTDOWN_TIMEOUT: String(2 * HANG_MS) }

describe('Nitro’s own server over plain HTTP, with open pages', () => {
  let app: string

  beforeAll(async () => {
    app = await buildPackedApp('npm', 'host')
  })

  async function startWithPages(env: Record<string, string>) {
    const server = await startFixture(app, env)
    const visitor = new FixtureVisitor(server)
    await visitor.post('/api/sign-in')
    const headers = { cookie: visitor.cookie, origin: FIXTURE_ORIGIN }
    const stream = await fetch(`${server.url}/api/_session/events`, { headers })
    const socket = await openSocket(server, '/ws/chat', visitor.cookie)
    return { server, stream, socket }
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('ends event streams and sockets at %s, and exits', async (signal) => {
    const { server, stream, socket } = await startWithPages(PATIENT)
    try {
      const [code, text, closed] = await Promise.all([server.signal(signal), stream.text(), socket.closed])
      expect(text).toContain('event: hello')
      expect([code, closed]).toEqual([0, { code: 1001, reason: 'shutdown' }])
    }
    finally {
      await server.dispose()
    }
  })

  it('is ended by the signal itself if Nitro’s shutdown is disabled', async () => {
    const { server, socket } = await startWithPages({ NITRO_SHUTDOWN_DISABLED: '1' })
    try {
      const [code, closed] = await Promise.all([server.signal('SIGTERM'), socket.closed])
      expect([code, closed.code]).toEqual([null, 1001])
    }
    finally {
      await server.dispose()
    }
  })
})
