import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { AccountVisitor, TRUST_PROXY } from '../support/account-visitor.ts'
import { openSocket, rawHead, readToEnd } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { changeDatabase } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'
const HOUR_MS = 3_600_000
const INVALID_BODIES = [
  null, [], 'x', {}, { name: 'somebody' }, { name: ['somebody'], password: { length: 8 } },
]

let server: BuiltServer
let names = 0

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the account routes', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer(TRUST_PROXY)
  })

  afterAll(() => server?.dispose())

  const visitor = () => new AccountVisitor(server)
  const newName = () => `visitor-${++names}`

  async function registered(rest: object = {}) {
    const name = newName()
    const browser = visitor()
    const { json } = await browser.register(name, PASSWORD, rest)
    return { name, browser, id: json().account.id as string }
  }

  describe('registration', () => {
    it('creates an account and signs the user in, with a session cookie', async () => {
      const browser = visitor()
      const name = newName()
      const response = await browser.register(` ${name} `, PASSWORD)
      expect(response.status).toBe(201)
      expect(response.json()).toEqual({
        account: { id: expect.stringMatching(/^[\da-f-]{36}$/), name, createdAt: expect.any(Number) },
      })
      expect(response.setCookie).toEqual([expect.stringMatching(/; Path=\/; Secure; HttpOnly; SameSite=Lax$/)])
      expect((await browser.send('GET', '')).json()).toEqual(response.json())
    })

    it('refuses a name that is taken, also in another spelling', async () => {
      const { name } = await registered()
      const response = await visitor().register(name.toUpperCase(), PASSWORD)
      expect([response.status, response.json().data.code, response.setCookie]).toEqual([409, 'name_taken', []])
    })

    it('gives a name to one of two visitors who register it at the same time', async () => {
      const name = newName()
      const responses = await Promise.all([visitor().register(name, PASSWORD), visitor().register(name, PASSWORD)])
      expect(responses.map(({ status }) => status).sort()).toEqual([201, 409])
    })

    it('refuses a common password, and the name as password', async () => {
      const responses = await Promise.all([
        visitor().register(newName(), 'Password1'),
        visitor().register('somebody-new', 'Somebody-New'),
      ])
      const common = [422, 'common_password']
      expect(responses.map(({ status, json }) => [status, json().data.code])).toEqual([common, common])
    })

    it('says what is wrong with each field', async () => {
      const response = await visitor().register('a', 'short')
      expect(response.status).toBe(400)
      expect(response.json().data).toEqual({
        code: 'invalid_body',
        fields: { name: expect.stringMatching(/3 characters/), password: expect.stringMatching(/8 characters/) },
      })
    })

    it.each(INVALID_BODIES)('refuses the body %j with 400', async (body) => {
      const response = await visitor().send('POST', '/register', body)
      expect([response.status, response.json().data.code]).toEqual([400, 'invalid_body'])
    })
  })

  describe('sign-in', () => {
    it('accepts the correct password, whatever the case of the name', async () => {
      const { name, id } = await registered()
      const browser = visitor()
      const response = await browser.signIn(name.toUpperCase(), PASSWORD)
      expect([response.status, response.json().account.id]).toEqual([200, id])
    })

    it('responds in the same way to a wrong password and to an unknown name', async () => {
      const { name } = await registered()
      const [wrong, unknown] = await Promise.all([
        visitor().signIn(name, `${PASSWORD}!`),
        visitor().signIn('no-such-user', PASSWORD),
      ])
      expect([wrong.status, wrong.json().data, wrong.setCookie]).toEqual([401, { code: 'wrong_credentials' }, []])
      expect(unknown.body).toBe(wrong.body)
      const { date: _, ...headers } = wrong.headers
      expect(unknown.headers).toMatchObject(headers)
    })

    it('sets a cookie that ends with the browser, or with `remember` one that outlives it', async () => {
      const { name } = await registered()
      const [temporary, remembered] = await Promise.all([
        visitor().signIn(name, PASSWORD),
        visitor().signIn(name, PASSWORD, { remember: true }),
      ])
      expect(temporary.setCookie[0]).not.toMatch(/Max-Age/)
      expect(remembered.setCookie[0]).toMatch(/; Max-Age=259(?:2000|1999)$/)
    })

    it('replaces the secret, so the cookie from before is not accepted any more', async () => {
      const { name } = await registered()
      const browser = visitor()
      await browser.signIn(name, PASSWORD)
      const before = Object.assign(visitor(), { cookie: browser.cookie })
      await browser.signIn(name, PASSWORD)
      expect((await browser.send('GET', '')).status).toBe(200)
      expect((await before.send('GET', '')).status).toBe(401)
    })

    it('is refused to pages of other origins, also without a cookie', async () => {
      const { name } = await registered()
      const headers = { 'origin': 'https://evil.test', 'sec-fetch-site': 'cross-site' }
      const response = await visitor().send('POST', '/sign-in', { name, password: PASSWORD }, { headers })
      const { status, setCookie } = response
      expect([status, response.json().data.code, setCookie]).toEqual([403, 'cross_origin_refused', []])
    })
  })

  describe('re-authentication', () => {
    it('is required before an account is deleted, and then allows it', async () => {
      const { name, browser } = await registered()
      makeAuthenticationOld(server)
      const refused = await browser.send('DELETE', '')
      expect([refused.status, refused.json().data.code]).toEqual([403, 'not_fresh'])
      expect((await browser.send('POST', '/confirm', { password: 'wrong' })).json().data.code).toBe('wrong_credentials')
      expect((await browser.send('POST', '/confirm', { password: PASSWORD })).status).toBe(200)
      expect((await browser.send('DELETE', '')).status).toBe(204)
      expect((await visitor().signIn(name, PASSWORD)).status).toBe(401)
    })

    it('keeps the session remembered, with a new secret', async () => {
      const { browser } = await registered({ remember: true })
      const before = browser.cookie
      const response = await browser.send('POST', '/confirm', { password: PASSWORD })
      expect(response.setCookie[0]).toMatch(/; Max-Age=259(?:2000|1999)$/)
      expect(browser.cookie).not.toBe(before)
      expect((await browser.send('GET', '')).status).toBe(200)
    })
  })

  describe('a change of password', () => {
    it('needs the current password, and leaves only this device signed in', async () => {
      const { name, browser } = await registered()
      const other = visitor()
      await other.signIn(name, PASSWORD)
      const next = 'another coat, another hat'
      const change = async (current: string, password: string) =>
        (await browser.send('PUT', '/password', { current, password })).json()
      expect((await change(next, next)).data.code).toBe('wrong_credentials')
      expect((await change(PASSWORD, 'Password1')).data.code).toBe('common_password')
      expect(await change(PASSWORD, next)).toEqual({ ended: 1 })
      expect((await browser.send('GET', '')).status).toBe(200)
      expect((await other.send('GET', '')).status).toBe(401)
      expect((await visitor().signIn(name, PASSWORD)).status).toBe(401)
      expect((await visitor().signIn(name, next)).status).toBe(200)
    })
  })

  describe('sign-out', () => {
    it('ends the session on this device only', async () => {
      const { name, browser } = await registered()
      const other = visitor()
      await other.signIn(name, PASSWORD)
      const copy = Object.assign(visitor(), { cookie: browser.cookie })
      const response = await browser.send('POST', '/sign-out')
      expect([response.status, response.setCookie]).toEqual([204, [expect.stringMatching(/; Max-Age=0$/)]])
      expect((await copy.send('GET', '')).status).toBe(401)
      expect((await other.send('GET', '')).status).toBe(200)
    })

    it('on all devices ends all sessions', async () => {
      const { name, browser } = await registered()
      const other = visitor()
      await other.signIn(name, PASSWORD)
      expect((await browser.send('POST', '/sign-out-everywhere')).json()).toEqual({ ended: 2 })
      expect(browser.cookie).toBeUndefined()
      expect((await other.send('GET', '')).status).toBe(401)
    })

    it('on all devices defeats a sign-in that has begun, even if its password arrives later', async () => {
      const { name, browser } = await registered()
      const body = JSON.stringify({ name, password: PASSWORD })
      const late = await openSocket(server)
      const received = readToEnd(late)
      late.write(rawHead(server, 'POST', '/api/account/sign-in', [
        `Origin: ${server.origin}`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Expect: 100-continue',
      ]))
      await once(late, 'data') // The server asks for the body.
      expect((await browser.send('POST', '/sign-out-everywhere')).status).toBe(200)
      late.write(body)
      const conflict = /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 409 Conflict\r\n(?![^]*set-cookie)/i
      expect(await received).toMatch(conflict)
    })
  })

  it.each([
    ['POST', '/confirm', { password: PASSWORD }],
    ['PUT', '/password', { current: PASSWORD, password: PASSWORD }],
    ['PUT', '/note', { note: '' }],
    ['POST', '/sign-out-everywhere', undefined],
    ['GET', '', undefined],
    ['DELETE', '', undefined],
  ])('respond with 401 to a visitor without a session: %s %s', async (method, path, body) => {
    const response = await visitor().send(method, path, body)
    expect([response.status, response.json().data.code, response.setCookie]).toEqual([401, 'no_session', []])
  })

  it.each([
    ['GET', '/sign-in', 'POST'],
    ['GET', '/sign-out', 'POST'],
    ['HEAD', '/register', 'POST'],
    ['POST', '/password', 'PUT'],
    ['POST', '/note', 'PUT'],
    ['PUT', '', 'GET, DELETE'],
  ])('respond with 405 to a method that they do not have: %s %s', async (method, path, allow) => {
    const response = await visitor().send(method, path)
    expect([response.status, response.headers.allow]).toEqual([405, allow])
  })

  it('never return a password hash', async () => {
    const { browser } = await registered()
    const responses = await Promise.all([
      browser.send('GET', ''),
      browser.send('POST', '/confirm', { password: PASSWORD }),
      browser.send('PUT', '/password', {}),
    ])
    expect(responses.map(({ body }) => body).join()).not.toMatch(/argon2/)
  })
})

/** Sets the time of authentication in all records back by an hour; the store's own times are unchanged. */
function makeAuthenticationOld({ storeFile }: BuiltServer) {
  const earlier = `value ->> '$.authenticatedAt' - ${HOUR_MS}`
  changeDatabase(storeFile, `UPDATE sessions
    SET version = version + 1, value = json_set(value, '$.authenticatedAt', ${earlier})
    WHERE value IS NOT NULL AND user_id IS NOT NULL`)
}
