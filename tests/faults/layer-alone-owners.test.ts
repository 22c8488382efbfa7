import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildFixture } from '../support/fixture-build.ts'
import { startFixture } from '../support/fixture-server.ts'
import type { FixtureServer } from '../support/fixture-server.ts'
import { FixtureVisitor } from '../support/fixture-visitor.ts'
import { changeDatabase } from '../support/store.ts'

const COOKIE = /^__Host-session=[\w-]{108}; Path=\/; Secure; HttpOnly; SameSite=Lax$/

let server: FixtureServer
let visitor: FixtureVisitor

beforeAll(async () => {
  server = await startFixture(await buildFixture())
})

afterAll(async () => {
  await server?.dispose()
  expect((server?.logs ?? []).filter(line => !line.startsWith('Listening on '))).toEqual([])
})

beforeEach(() => {
  visitor = new FixtureVisitor(server)
})

describe('somebody who signs in', () => {
  it('is given a new cookie, and the anonymous one is dead', async () => {
    await visitor.post('/api/count')
    const anonymous = visitor.copy()
    const { setCookie } = await visitor.post('/api/sign-in', { owner: 'ada' })
    expect(setCookie).toEqual([expect.stringMatching(COOKIE)])
    expect((await visitor.get('/')).text).toContain('<p>ada has counted to 0</p>')
    expect((await anonymous.get('/api/visitor')).json()).toMatchObject({ exists: false, owner: null })
  })

  it('keeps the new cookie when a request with the anonymous one comes after it and writes', async () => {
    await visitor.post('/api/count')
    const late = visitor.copy()
    await visitor.post('/api/sign-in', { owner: 'radia' })
    expect((await late.post('/api/count')).setCookie).toEqual([])
    expect((await late.get('/api/visitor')).json()).toMatchObject({ exists: false })
    expect((await visitor.get('/api/visitor')).json()).toMatchObject({ owner: 'radia' })
  })

  it('stays signed in when the browser closes, if asked for', async () => {
    const { setCookie } = await visitor.post('/api/sign-in', { owner: 'grace', remember: true })
    expect(setCookie).toEqual([expect.stringMatching(/; Max-Age=(?:2592000|25919\d\d)$/)])
  })

  it('is a stranger after signing out, with a copy of the cookie too, and the app is told', async () => {
    const { handle } = (await visitor.post('/api/sign-in', { owner: 'mary' })).json<{ handle: string }>()
    const copy = visitor.copy()
    expect(await visitor.post('/api/sign-out')).toMatchObject({ status: 204, setCookie: [expect.stringMatching(/^__Host-session=; .*Max-Age=0/)] })
    expect((await copy.get('/api/visitor')).json()).toMatchObject({ exists: false })
    expect((await visitor.get('/api/endings')).json()).toContainEqual({ handle, reason: 'signed_out' })
  })

  it('sees all devices, and ends another one', async () => {
    const phone = new FixtureVisitor(server)
    await visitor.post('/api/sign-in', { owner: 'edith' })
    const { handle } = (await phone.post('/api/sign-in', { owner: 'edith' })).json<{ handle: string }>()
    expect((await visitor.get('/api/devices')).json()).toEqual([
      expect.objectContaining({ handle, current: false }),
      expect.objectContaining({ current: true }),
    ])
    expect(await visitor.visit(`/api/_session/devices/${handle}`, { method: 'DELETE' })).toMatchObject({ status: 204 })
    expect((await phone.get('/api/visitor')).json()).toMatchObject({ exists: false })
    expect((await visitor.get('/api/endings')).json()).toContainEqual({ handle, reason: 'revoked' })
  })

  it('ends the other devices with a change of password, and has a new secret', async () => {
    const phone = new FixtureVisitor(server)
    await phone.post('/api/sign-in', { owner: 'hedy' })
    await visitor.post('/api/sign-in', { owner: 'hedy' })
    const before = visitor.copy()
    expect((await visitor.post('/api/password')).json()).toEqual({ ended: 1 })
    const seen = await Promise.all([visitor, before, phone].map(async browser => (await browser.get('/api/visitor')).json<{ owner: string | null }>().owner))
    expect(seen).toEqual(['hedy', null, null])
  })

  it('is listed and signed out everywhere by an administrator, and by nobody else', async () => {
    const admin = new FixtureVisitor(server)
    await admin.post('/api/sign-in', { owner: 'admin' })
    const phone = new FixtureVisitor(server)
    const { handle } = (await phone.post('/api/sign-in', { owner: 'o/ada' })).json<{ handle: string }>()
    await visitor.post('/api/sign-in', { owner: 'o/ada' })
    const path = '/api/users/o%2Fada/sessions'
    expect((await visitor.visit(path, { method: 'DELETE' })).status).toBe(403)
    expect((await admin.get(path)).json()).toEqual([expect.objectContaining({ current: false }), expect.objectContaining({ current: false, handle })])
    expect((await admin.visit(path, { method: 'DELETE' })).json()).toEqual({ ended: 2 })
    const seen = await Promise.all([visitor, phone, admin].map(async browser => (await browser.get('/api/visitor')).json<{ owner: string | null }>().owner))
    expect(seen).toEqual([null, null, 'admin'])
    expect((await visitor.get('/api/endings')).json()).toContainEqual({ handle, reason: 'revoked' })
    expect((await admin.visit(path, { method: 'DELETE' })).json()).toEqual({ ended: 0 })
  })

  it('signs out everywhere', async () => {
    const phone = new FixtureVisitor(server)
    await phone.post('/api/sign-in', { owner: 'joan' })
    await visitor.post('/api/sign-in', { owner: 'joan' })
    expect((await visitor.post('/api/sign-out-everywhere')).json()).toEqual({ ended: 2 })
    expect((await phone.get('/api/visitor')).json()).toMatchObject({ exists: false })
  })

  it('may do so by the verbs of nuxt-auth-utils', async () => {
    expect(await visitor.get('/api/profile')).toMatchObject({ status: 401 })
    await visitor.post('/api/login', { name: 'lise' })
    expect((await visitor.get('/api/profile')).json()).toEqual({ name: 'lise' })
  })

  it('keeps nothing of the user before, and stays who they are when only a part of them is set', async () => {
    const put = async (user: object, secure?: object) => (await visitor.visit('/api/user', { method: 'PUT', json: { user, secure } })).json()
    await visitor.post('/api/count')
    expect(await put({ id: 'ada', role: 'admin' }, { token: 'ada\'s' })).toEqual({ count: 1, owner: 'ada', user: { id: 'ada', role: 'admin' }, secure: { token: 'ada\'s' } })
    expect(await put({ email: 'ada@basic.test' })).toEqual({ count: 1, owner: 'ada', user: { id: 'ada', role: 'admin', email: 'ada@basic.test' }, secure: { token: 'ada\'s' } })
    expect(await put({ id: 'eve' })).toEqual({ owner: 'eve', user: { id: 'eve' } })
  })

  it('gets in where fresh authentication is asked for, until it is no longer fresh', async () => {
    const codeOf = async (path: string) => {
      const answer = await visitor.get(path)
      return [answer.status, answer.json<{ data?: { code: string } }>().data?.code]
    }
    expect(await codeOf('/api/vault')).toEqual([401, 'no_session'])
    await visitor.post('/api/count')
    expect(await codeOf('/api/vault')).toEqual([401, 'no_session'])
    await visitor.post('/api/sign-in', { owner: 'emmy' })
    expect(await codeOf('/api/vault')).toEqual([200, undefined])
    expect(await codeOf('/api/vault?within=5m')).toEqual([200, undefined])
    sixMinutesLater()
    expect(await codeOf('/api/vault?within=5m')).toEqual([403, 'not_fresh'])
    expect(await codeOf('/api/vault')).toEqual([200, undefined])
    sixMinutesLater()
    expect(await codeOf('/api/vault')).toEqual([403, 'not_fresh'])
  })
})

/** Lets six minutes pass since everybody authenticated. */
function sixMinutesLater() {
  changeDatabase(server.storeFile, 'UPDATE sessions SET value = json_set(value, \'$.authenticatedAt\', value ->> \'$.authenticatedAt\' - 360000)')
}
