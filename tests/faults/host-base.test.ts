import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { openSocket, requestUpgrade } from '../support/fixture-socket.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { buildPackedApp } from '../support/packed-app.ts'

const EVIL = 'https://evil.test'

describe('an app below a path', () => {
  let server: FixtureServer
  let visitor: FixtureVisitor

  beforeAll(async () => {
    server = await startFixture(await buildPackedApp('npm', 'host'), { NUXT_APP_BASE_URL: '/shop/' })
    visitor = new FixtureVisitor(server)
    await visitor.post('/shop/api/sign-in')
  })

  afterAll(() => server?.dispose())

  it('has the session in its routes and pages', async () => {
    expect((await visitor.get('/shop/api/me')).json()).toMatchObject({ userId: 'ada' })
    expect((await visitor.get('/shop/guarded/plain')).text).toContain('For members')
    const { headers } = await new FixtureVisitor(server).get('/shop/guarded/plain')
    expect(headers.get('location')).toBe('/shop/sign-in?returnTo=/guarded/plain')
  })

  it('runs the hooks of its WebSockets, also with middleware in front of them', async () => {
    const socket = await openSocket(server, '/shop/ws/chat', visitor.cookie)
    expect(JSON.parse(await socket.waitFor(/userId/))).toMatchObject({ userId: 'ada', cookie: null })
    await visitor.post('/shop/api/sign-out')
    expect(await socket.closed).toEqual({ code: 1008, reason: 'signed_out' })
    await visitor.post('/shop/api/sign-in')
  })

  it('refuses WebSockets without a session, and those of other origins', async () => {
    expect((await requestUpgrade(server, '/shop/ws/chat', {})).status).toBe(401)
    const headers = { cookie: visitor.cookie, origin: EVIL }
    expect((await requestUpgrade(server, '/shop/ws/chat', headers)).status).toBe(403)
    expect((await requestUpgrade(server, '/shop/ws/plain', headers)).status).toBe(403)
    expect((await requestUpgrade(server, '/shop/ws/public', headers)).status).toBe(101)
  })

  it('follows its route rules', async () => {
    const headers = { 'origin': EVIL, 'sec-fetch-site': 'cross-site' }
    expect((await visitor.visit('/shop/api/widget/7', { method: 'POST', headers })).status).toBe(200)
    expect((await visitor.visit('/shop/api/count', { method: 'POST', headers })).status).toBe(403)
  })
})
