import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HANG_MS } from '../support/limits.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { openSocket } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { findNginx, startNginx } from '../support/nginx.ts'
import type { Nginx } from '../support/nginx.ts'
import { buildPackedApp } from '../support/packed-app.ts'

const ORIGIN = 'https://app.example.com'
const OTHER = 'https://evil.test'
const program = findNginx()

/** What many guides show for WebSockets. */
const UPGRADES = `
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $http_connection;
`

describe.skipIf(!program)('Nitro’s own server behind nginx over plain HTTP', () => {
  const running: { dispose(): Promise<void> }[] = []

  afterAll(async () => {
    for (const server of running) await server.dispose()
  })

  /** An app with one user signed in, behind nginx with these settings. */
  async function start(settings: string, env: Record<string, string>) {
    const app = await buildPackedApp('npm', 'host')
    const server = await startFixture(app, { NUXT_CLOAKROOM_ORIGIN: '', ...env })
    const nginx = await startNginx(program!, `location / { proxy_pass ${server.url}; ${UPGRADES} ${settings} }`)
    running.push(nginx, server)
    const visitor = new FixtureVisitor({ ...server, url: nginx.url })
    const headers = { 'host': 'app.example.com', 'sec-fetch-site': 'same-origin', 'origin': ORIGIN }
    expect((await visitor.visit('/api/sign-in', { method: 'POST', headers })).status).toBe(200)
    return { server, nginx, visitor }
  }

  const count = async (visitor: FixtureVisitor, origin: string) =>
    (await visitor.visit('/api/count', { method: 'POST', headers: { host: 'app.example.com', origin } })).status

  describe('that passes the Host header on, without a configured origin', () => {
    let server: FixtureServer
    let nginx: Nginx
    let visitor: FixtureVisitor

    beforeAll(async () => {
      const env = { NITRO_SHUTDOWN_TIMEOUT: String(2 * HANG_MS) }
      ;({ server, nginx, visitor } = await start('proxy_set_header Host $host;', env))
    })

    it('accepts the app’s own pages and refuses others, also without Fetch Metadata', async () => {
      expect([await count(visitor, ORIGIN), await count(visitor, OTHER)]).toEqual([200, 403])
    })

    it('ends event streams and sockets when it stops, and exits', async () => {
      const stream = await fetch(`${nginx.url}/api/_session/events`, { headers: { cookie: visitor.cookie } })
      const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
      expect((await reader.read()).value).toContain('event: hello') // nginx does not hold it back.
      const socket = await openSocket(nginx, '/ws/chat', visitor.cookie, 'https://127.0.0.1')
      const [code, closed] = await Promise.all([server.signal('SIGTERM'), socket.closed])
      expect([code, closed.code]).toEqual([0, 1001])
      expect((await reader.read()).done).toBe(true)
    })
  })

  it('that changes the Host header refuses browsers without Fetch Metadata, and says which setting helps', async () => {
    const { visitor } = await start('', {})
    const refused = await visitor.visit('/api/count', { method: 'POST', headers: { origin: ORIGIN } })
    expect(refused.status).toBe(403)
    expect(refused.json<{ message: string }>().message).toContain('NUXT_CLOAKROOM_ORIGIN is not set')
    const headers = { 'origin': ORIGIN, 'sec-fetch-site': 'same-origin' }
    expect((await visitor.visit('/api/count', { method: 'POST', headers })).status).toBe(200)
  })

  it('that changes the Host header works in all browsers with a configured origin', async () => {
    const { visitor } = await start('', { NUXT_CLOAKROOM_ORIGIN: ORIGIN })
    expect([await count(visitor, ORIGIN), await count(visitor, OTHER)]).toEqual([200, 403])
  })
})
