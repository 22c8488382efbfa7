import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { requestUpgrade } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

const EVIL = 'https://evil.test'

describe('an app in production without a configured origin', () => {
  let server: FixtureServer
  let visitor: FixtureVisitor

  beforeAll(async () => {
    server = await startFixture(await buildPackedApp('npm', 'host'), {
      NUXT_CLOAKROOM_ORIGIN: '', NUXT_CLOAKROOM_BEHIND_PROXY: '', NUXT_CLOAKROOM_TRUSTED_PROXIES: '',
    })
    visitor = new FixtureVisitor(server)
    await visitor.visit('/api/sign-in', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })
  })

  afterAll(() => server?.dispose())

  const host = () => new URL(server.url).host
  const count = async (origin: string) =>
    (await visitor.visit('/api/count', { method: 'POST', headers: { origin } })).status

  it('accepts pages of the host that the request was sent to, without Fetch Metadata too', async () => {
    expect(await count(`https://${host()}`)).toBe(200)
    expect(await count(`http://${host()}`)).toBe(200) // This machine.
    const socket = { origin: `https://${host()}`, cookie: visitor.cookie }
    expect((await requestUpgrade(server, '/ws/chat', socket)).status).toBe(101)
  })

  it('refuses pages of all other hosts and ports, and names the setting', async () => {
    for (const origin of [EVIL, 'https://127.0.0.1', `https://${host()}.evil.test`, 'null', 'https://127.0.0.1:1']) {
      expect(await count(origin)).toBe(403)
    }
    const response = await visitor.visit('/api/count', { method: 'POST', headers: { origin: EVIL } })
    expect(response.json<{ message: string }>().message).toContain('NUXT_CLOAKROOM_ORIGIN')
    expect((await requestUpgrade(server, '/ws/chat', { origin: EVIL, cookie: visitor.cookie })).status).toBe(403)
  })

  it('warns once at its start', async () => {
    expect(await server.linesWith('NUXT_CLOAKROOM_ORIGIN is not set')).toHaveLength(1)
  })
})
