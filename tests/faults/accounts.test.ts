import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { AccountVisitor, TRUSTING } from '../support/account-visitor.ts'
import { openSocket, rawHead, readToEnd } from '../support/raw-socket.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { changeDatabase } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'
const HOUR_MS = 3_600_000

let server: BuiltServer
let names = 0

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('accounts', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer(TRUSTING)
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
    it('makes an account and signs its owner in, with a session of its own', async () => {
      const browser = visitor()
      const name = newName()
      const answer = await browser.register(` ${name} `, PASSWORD)
      expect(answer.status).toBe(201)
      expect(answer.json()).toEqual({ account: { id: expect.stringMatching(/^[\da-f-]{36}$/), name, createdAt: expect.any(Number) } })
      expect(answer.setCookie).toEqual([expect.stringMatching(/; Path=\/; Secure; HttpOnly; SameSite=Lax$/)])
      expect((await browser.send('GET', '')).json()).toEqual(answer.json())
    })

    it('refuses a name that somebody has, in another spelling too', async () => {
      const { name } = await registered()
      const answer = await visitor().register(name.toUpperCase(), PASSWORD)
      expect([answer.status, answer.json().data.code, answer.setCookie]).toEqual([409, 'name_taken', []])
    })

    it('gives a name to one of two who ask at once', async () => {
      const name = newName()
      const answers = await Promise.all([visitor().register(name, PASSWORD), visitor().register(name, PASSWORD)])
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    })

    it('refuses a common password, and the name itself', async () => {
      const answers = await Promise.all([visitor().register(newName(), 'Password1'), visitor().register('somebody-new', 'Somebody-New')])
      expect(answers.map(({ status, json }) => [status, json().data.code])).toEqual([[422, 'common_password'], [422, 'common_password']])
    })

    it('says what is wrong with each field', async () => {
      const answer = await visitor().register('a', 'short')
      expect(answer.status).toBe(400)
      expect(answer.json().data).toEqual({ code: 'invalid_body', fields: { name: expect.stringMatching(/3 characters/), password: expect.stringMatching(/8 characters/) } })
    })

    it.each([null, [], 'x', {}, { name: 'somebody' }, { name: ['somebody'], password: { length: 8 } }])('refuses the body %j with 400 (D9)', async (body) => {
      const answer = await visitor().send('POST', '/register', body)
      expect([answer.status, answer.json().data.code]).toEqual([400, 'invalid_body'])
    })
  })

  describe('sign-in', () => {
    it('works with the right password, whatever the case of the name', async () => {
      const { name, id } = await registered()
      const browser = visitor()
      const answer = await browser.signIn(name.toUpperCase(), PASSWORD)
      expect([answer.status, answer.json().account.id]).toEqual([200, id])
    })

    it('gives one and the same answer for a wrong password and for a name that nobody has', async () => {
      const { name } = await registered()
      const [wrong, unknown] = await Promise.all([visitor().signIn(name, `${PASSWORD}!`), visitor().signIn('nobody-at-all', PASSWORD)])
      expect([wrong.status, wrong.json().data, wrong.setCookie]).toEqual([401, { code: 'wrong_credentials' }, []])
      expect(unknown.body).toBe(wrong.body)
      const { date: _, ...headers } = wrong.headers
      expect(unknown.headers).toMatchObject(headers)
    })

    it('gives a cookie that ends with the browser, or one that outlives it', async () => {
      const { name } = await registered()
      const [forNow, remembered] = await Promise.all([visitor().signIn(name, PASSWORD), visitor().signIn(name, PASSWORD, { remember: true })])
      expect(forNow.setCookie[0]).not.toMatch(/Max-Age/)
      expect(remembered.setCookie[0]).toMatch(/; Max-Age=259(?:2000|1999)$/)
    })

    it('gives a new secret, and the visitor\'s cookie of before is worth nothing', async () => {
      const { name } = await registered()
      const browser = visitor()
      await browser.signIn(name, PASSWORD)
      const before = Object.assign(visitor(), { cookie: browser.cookie })
      await browser.signIn(name, PASSWORD)
      expect((await browser.send('GET', '')).status).toBe(200)
      expect((await before.send('GET', '')).status).toBe(401)
    })

    it('is refused to pages of other origins, without a cookie too (B21)', async () => {
      const { name } = await registered()
      const answer = await visitor().send('POST', '/sign-in', { name, password: PASSWORD }, { headers: { 'origin': 'https://evil.test', 'sec-fetch-site': 'cross-site' } })
      expect([answer.status, answer.json().data.code, answer.setCookie]).toEqual([403, 'cross_origin_refused', []])
    })
  })

  describe('re-authentication', () => {
    it('is asked for before an account is deleted, and opens the way', async () => {
      const { name, browser } = await registered()
      expire(server, 'authenticatedAt')
      const refused = await browser.send('DELETE', '')
      expect([refused.status, refused.json().data.code]).toEqual([403, 'not_fresh'])
      expect((await browser.send('POST', '/confirm', { password: 'wrong' })).json().data.code).toBe('wrong_credentials')
      expect((await browser.send('POST', '/confirm', { password: PASSWORD })).status).toBe(200)
      expect((await browser.send('DELETE', '')).status).toBe(204)
      expect((await visitor().signIn(name, PASSWORD)).status).toBe(401)
    })

    it('keeps the session a remembered one, under the same handle, with a new secret', async () => {
      const { browser } = await registered({ remember: true })
      const before = browser.cookie
      const answer = await browser.send('POST', '/confirm', { password: PASSWORD })
      expect(answer.setCookie[0]).toMatch(/; Max-Age=259(?:2000|1999)$/)
      expect(browser.cookie).not.toBe(before)
      expect((await browser.send('GET', '')).status).toBe(200)
    })
  })

  describe('a change of password', () => {
    it('takes the current one, and leaves only this device signed in', async () => {
      const { name, browser } = await registered()
      const other = visitor()
      await other.signIn(name, PASSWORD)
      const next = 'another coat, another hat'
      expect((await browser.send('PUT', '/password', { current: next, password: next })).json().data.code).toBe('wrong_credentials')
      expect((await browser.send('PUT', '/password', { current: PASSWORD, password: 'Password1' })).json().data.code).toBe('common_password')
      expect((await browser.send('PUT', '/password', { current: PASSWORD, password: next })).json()).toEqual({ ended: 1 })
      expect((await browser.send('GET', '')).status).toBe(200)
      expect((await other.send('GET', '')).status).toBe(401)
      expect((await visitor().signIn(name, PASSWORD)).status).toBe(401)
      expect((await visitor().signIn(name, next)).status).toBe(200)
    })
  })

  describe('sign-out', () => {
    it('ends the session on this device alone', async () => {
      const { name, browser } = await registered()
      const other = visitor()
      await other.signIn(name, PASSWORD)
      const copy = Object.assign(visitor(), { cookie: browser.cookie })
      const answer = await browser.send('POST', '/sign-out')
      expect([answer.status, answer.setCookie]).toEqual([204, [expect.stringMatching(/; Max-Age=0$/)]])
      expect((await copy.send('GET', '')).status).toBe(401)
      expect((await other.send('GET', '')).status).toBe(200)
    })

    it('everywhere ends all sessions', async () => {
      const { name, browser } = await registered()
      const other = visitor()
      await other.signIn(name, PASSWORD)
      expect((await browser.send('POST', '/sign-out-everywhere')).json()).toEqual({ ended: 2 })
      expect(browser.cookie).toBeUndefined()
      expect((await other.send('GET', '')).status).toBe(401)
    })

    it('everywhere defeats a sign-in that has begun, though its password comes later', async () => {
      const { name, browser } = await registered()
      const body = JSON.stringify({ name, password: PASSWORD })
      const late = await openSocket(server)
      const answer = readToEnd(late)
      late.write(rawHead(server, 'POST', '/api/account/sign-in', [`Origin: ${server.origin}`, 'Content-Type: application/json', `Content-Length: ${body.length}`, 'Expect: 100-continue']))
      await once(late, 'data') // By this the server asks for the body.
      expect((await browser.send('POST', '/sign-out-everywhere')).status).toBe(200)
      late.write(body)
      expect(await answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 409 Conflict\r\n(?![^]*set-cookie)/i)
    })
  })

  it.each([['POST', '/confirm', { password: PASSWORD }], ['PUT', '/password', { current: PASSWORD, password: PASSWORD }], ['PUT', '/note', { note: '' }], ['POST', '/sign-out-everywhere', undefined], ['GET', '', undefined], ['DELETE', '', undefined]])(
    'answers 401 to a stranger: %s %s', async (method, path, body) => {
      const answer = await visitor().send(method, path, body)
      expect([answer.status, answer.json().data.code, answer.setCookie]).toEqual([401, 'no_session', []])
    })

  it.each([['GET', '/sign-in', 'POST'], ['GET', '/sign-out', 'POST'], ['HEAD', '/register', 'POST'], ['POST', '/password', 'PUT'], ['POST', '/note', 'PUT'], ['PUT', '', 'GET, DELETE']])(
    'answers 405 to %s %s (B19, X5)', async (method, path, allow) => {
      const answer = await visitor().send(method, path)
      expect([answer.status, answer.headers.allow]).toEqual([405, allow])
    })

  it('lets no hash out, by any route', async () => {
    const { browser } = await registered()
    const answers = await Promise.all([browser.send('GET', ''), browser.send('POST', '/confirm', { password: PASSWORD }), browser.send('PUT', '/password', {})])
    expect(answers.map(({ body }) => body).join()).not.toMatch(/argon2/)
  })
})

/** Sets the time of authentication in all records back by an hour; the store's own clock goes on. */
function expire({ storeFile }: BuiltServer, field: 'authenticatedAt') {
  changeDatabase(storeFile, `UPDATE sessions SET version = version + 1, value = json_set(value, '$.${field}', value ->> '$.${field}' - ${HOUR_MS})
    WHERE value IS NOT NULL AND owner IS NOT NULL`)
}
