import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { changeDatabase } from '../support/store.ts'

const COOKIE = /^__Host-session=[\w-]{108}; Path=\/; Secure; HttpOnly; SameSite=Lax$/
const CLEARED_COOKIE = /^__Host-session=; .*Max-Age=0/

let server: FixtureServer
let visitor: FixtureVisitor

beforeAll(async () => {
  server = await startFixture(await buildFixture())
})

afterAll(async () => {
  await server?.dispose()
  expect(server?.unusualLogs ?? []).toEqual([])
})

beforeEach(() => {
  visitor = new FixtureVisitor(server)
})

/** Signs a user in, and returns the session's public id. */
async function signIn(browser: FixtureVisitor, userId: string): Promise<string> {
  return (await browser.post('/api/sign-in', { userId })).json<{ id: string }>().id
}

const visitorOf = async (browser: FixtureVisitor) => (await browser.get('/api/visitor')).json<object>()

describe('a user who signs in', () => {
  it('receives a new cookie, and the anonymous one is not accepted any more', async () => {
    await visitor.post('/api/count')
    const anonymous = visitor.copy()
    const { setCookie } = await visitor.post('/api/sign-in', { userId: 'ada' })
    expect(setCookie).toEqual([expect.stringMatching(COOKIE)])
    expect((await visitor.get('/')).text).toContain('<p>ada has counted to 0</p>')
    expect(await visitorOf(anonymous)).toMatchObject({ exists: false, userId: null })
  })

  it('keeps the new cookie when a later request with the anonymous one writes', async () => {
    await visitor.post('/api/count')
    const late = visitor.copy()
    await visitor.post('/api/sign-in', { userId: 'radia' })
    expect((await late.post('/api/count')).setCookie).toEqual([])
    expect(await visitorOf(late)).toMatchObject({ exists: false })
    expect(await visitorOf(visitor)).toMatchObject({ userId: 'radia' })
  })

  it('stays signed in when the browser is closed if `remember` is set', async () => {
    const { setCookie } = await visitor.post('/api/sign-in', { userId: 'grace', remember: true })
    expect(setCookie).toEqual([expect.stringMatching(/; Max-Age=(?:2592000|25919\d\d)$/)])
  })

  it('is anonymous after signing out, also with a copy of the cookie, and the app\'s hook is called', async () => {
    const id = await signIn(visitor, 'mary')
    const copy = visitor.copy()
    const { status, setCookie } = await visitor.post('/api/sign-out')
    expect([status, setCookie]).toEqual([204, [expect.stringMatching(CLEARED_COOKIE)]])
    expect(await visitorOf(copy)).toMatchObject({ exists: false })
    expect((await visitor.get('/api/ended-sessions')).json()).toContainEqual({ id, reason: 'signed_out' })
  })

  it('can list all devices and sign out another one', async () => {
    const phone = new FixtureVisitor(server)
    await signIn(visitor, 'edith')
    const id = await signIn(phone, 'edith')
    expect((await visitor.get('/api/devices')).json()).toEqual([
      expect.objectContaining({ id, current: false }),
      expect.objectContaining({ current: true }),
    ])
    const revoked = await visitor.visit(`/api/_session/devices/${id}`, { method: 'DELETE' })
    expect(revoked).toMatchObject({ status: 204 })
    expect(await visitorOf(phone)).toMatchObject({ exists: false })
    expect((await visitor.get('/api/ended-sessions')).json()).toContainEqual({ id, reason: 'revoked' })
  })

  it('keeps only the current device signed in after a change of password, with a new secret', async () => {
    const phone = new FixtureVisitor(server)
    await signIn(phone, 'hedy')
    await signIn(visitor, 'hedy')
    const before = visitor.copy()
    expect((await visitor.post('/api/password')).json()).toEqual({ ended: 1 })
    expect(await Promise.all([visitor, before, phone].map(visitorOf))).toMatchObject([
      { userId: 'hedy' },
      { userId: null },
      { userId: null },
    ])
  })

  it('can be listed and signed out on all devices by an administrator, and by no other user', async () => {
    const [admin, phone] = [new FixtureVisitor(server), new FixtureVisitor(server)]
    await signIn(admin, 'admin')
    const id = await signIn(phone, 'o/ada')
    await signIn(visitor, 'o/ada')
    const path = '/api/users/o%2Fada/sessions'
    const revoke = (browser: FixtureVisitor) => browser.visit(path, { method: 'DELETE' })
    expect((await revoke(visitor)).status).toBe(403)
    expect((await admin.get(path)).json()).toEqual([
      expect.objectContaining({ current: false }),
      expect.objectContaining({ current: false, id }),
    ])
    expect((await revoke(admin)).json()).toEqual({ ended: 2 })
    expect(await Promise.all([visitor, phone, admin].map(visitorOf))).toMatchObject([
      { userId: null },
      { userId: null },
      { userId: 'admin' },
    ])
    expect((await visitor.get('/api/ended-sessions')).json()).toContainEqual({ id, reason: 'revoked' })
    expect((await revoke(admin)).json()).toEqual({ ended: 0 })
  })

  it('can sign out on all devices', async () => {
    const phone = new FixtureVisitor(server)
    await signIn(phone, 'joan')
    await signIn(visitor, 'joan')
    expect((await visitor.post('/api/sign-out-everywhere')).json()).toEqual({ ended: 2 })
    expect(await visitorOf(phone)).toMatchObject({ exists: false })
  })

  it('can be signed in by the functions of nuxt-auth-utils', async () => {
    expect(await visitor.get('/api/profile')).toMatchObject({ status: 401 })
    await visitor.post('/api/login', { name: 'lise' })
    expect((await visitor.get('/api/profile')).json()).toEqual({ name: 'lise' })
  })

  it('can be signed in by a password, as the README shows', async () => {
    expect(await visitor.post('/api/sign-in-by-password', { name: 'Ada', password: 'difference engine' }))
      .toMatchObject({ status: 401 })
    await visitor.post('/api/sign-in-by-password', { name: 'Ada', password: 'analytical engine' })
    expect((await visitor.get('/for-members')).text).toContain('For Ada alone: Ada')
    expect(await visitorOf(visitor)).toMatchObject({ userId: 'ada' })
  })

  it('receives no data of the previous user, and stays the same user if only some fields are set', async () => {
    const put = async (user: object, secure?: object) =>
      (await visitor.visit('/api/user', { method: 'PUT', json: { user, secure } })).json()
    const secure = { token: 'ada\'s' }
    await visitor.post('/api/count')
    expect(await put({ id: 'ada', role: 'admin' }, secure))
      .toEqual({ count: 1, userId: 'ada', user: { id: 'ada', role: 'admin' }, secure })
    expect(await put({ email: 'ada@basic.test' }))
      .toEqual({ count: 1, userId: 'ada', user: { id: 'ada', role: 'admin', email: 'ada@basic.test' }, secure })
    expect(await put({ id: 'eve' })).toEqual({ userId: 'eve', user: { id: 'eve' } })
  })

  it('has access to what requires fresh authentication, until it is no longer fresh', async () => {
    const codeOf = async (path: string) => {
      const response = await visitor.get(path)
      return [response.status, response.json<{ data?: { code: string } }>().data?.code]
    }
    expect(await codeOf('/api/vault')).toEqual([401, 'no_session'])
    await visitor.post('/api/count')
    expect(await codeOf('/api/vault')).toEqual([401, 'no_session'])
    await signIn(visitor, 'emmy')
    expect(await codeOf('/api/vault')).toEqual([200, undefined])
    letThreeMinutesPass()
    expect(await codeOf('/api/vault')).toEqual([200, undefined])
    letThreeMinutesPass()
    expect(await codeOf('/api/vault')).toEqual([403, 'not_fresh'])
  })
})

/** Moves the time of authentication of every session three minutes back. */
function letThreeMinutesPass() {
  const earlier = 'value ->> \'$.authenticatedAt\' - 180000'
  changeDatabase(server.storeFile, `UPDATE sessions SET value = json_set(value, '$.authenticatedAt', ${earlier})`)
}
