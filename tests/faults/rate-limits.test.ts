import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey, parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { newSessionCookie, seal } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { AccountVisitor, newAddress, TRUST_PROXY } from '../support/account-visitor.ts'
import { call, cookiePair } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'
/** Forged cookies per address, as the server is configured here. */
const FORGED_LIMIT = 5
/** Wrong passwords per address and account. */
const WRONG_LIMIT = 10
/** Sign-ins per address. */
const SIGN_IN_LIMIT = 60
/** Registrations per address. */
const REGISTRATION_LIMIT = 30

const otherKeys = parseKeyRing(generateKey())
/** A cookie that is sealed with a key that the server does not have. */
const forged = () => `__Host-session=${seal(otherKeys, '__Host-session', newSessionCookie())}`

let server: BuiltServer

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the limit per address', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({
      ...TRUST_PROXY,
      NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: String(FORGED_LIMIT),
    })
  })

  afterAll(() => server?.dispose())

  const get = (address: string, cookie?: string, headers = {}) =>
    call(`${server.origin}/api/_session`, { cookie, headers: { 'x-forwarded-for': address, ...headers } })

  async function flood(address: string) {
    for (let i = 0; i < FORGED_LIMIT; i++) expect((await get(address, forged())).status).toBe(200)
  }

  describe('for forged cookies', () => {
    it('refuses no request: neither those with forged cookies, nor pages and files, nor their neighbours', async () => {
      const address = newAddress()
      const headers = { 'x-forwarded-for': address, 'accept': 'text/html' }
      const first = await call(`${server.origin}/api/session`, { headers })
      await flood(address)
      expect((await get(address, forged())).status).toBe(200)
      for (const path of ['/', '/favicon.svg']) {
        expect((await call(server.origin + path, { cookie: forged(), headers })).status).toBe(200)
      }
      const valid = await call(`${server.origin}/api/session`, { cookie: cookiePair(first.setCookie[0]!), headers })
      expect([valid.status, valid.body]).toEqual([200, first.body])
    })

    it('lets a user with a forged cookie sign in, and replaces that cookie', async () => {
      const address = newAddress()
      const user = new AccountVisitor(server, address)
      await user.register('grace', PASSWORD)
      await flood(address)
      const late = new AccountVisitor(server, address)
      late.cookie = forged()
      expect((await late.signIn('grace', PASSWORD)).status).toBe(200)
      expect((await get(address, late.cookie)).body).toContain('"signed-in"')
    })

    it('changes nothing in the store', async () => {
      const before = dumpStore(server.storeFile)
      const responses = await Promise.all(Array.from({ length: 50 }, () => get('198.51.100.250', forged())))
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]))
      expect(dumpStore(server.storeFile)).toEqual(before)
    })
  })

  describe('for sign-in', () => {
    it('stops guessing of a password from one address, and lets the user sign in from another', async () => {
      const user = new AccountVisitor(server)
      await user.register('ada', PASSWORD)
      const guesser = new AccountVisitor(server)
      const guess = (_: unknown, i: number) => guesser.signIn(i % 2 ? 'ada' : 'ＡＤＡ', `guess number ${i}`)
      const responses = await Promise.all(Array.from({ length: WRONG_LIMIT + 3 }, guess))
      const expected = [...Array<number>(WRONG_LIMIT).fill(401), 429, 429, 429]
      expect(responses.map(({ status }) => status).sort()).toEqual(expected)
      const refused = await guesser.signIn('ada', PASSWORD)
      expect([refused.status, refused.json().data, refused.setCookie]).toEqual([429, { code: 'rate_limited' }, []])
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(500)
      expect((await new AccountVisitor(server).signIn('ada', PASSWORD)).status).toBe(200)
      expect((await user.send('POST', '/confirm', { password: PASSWORD })).status).toBe(200)
    })

    it('does not count correct passwords', async () => {
      const visitor = new AccountVisitor(server)
      await visitor.register('grace', PASSWORD)
      for (let i = 0; i < WRONG_LIMIT + 2; i++) expect((await visitor.signIn('grace', PASSWORD)).status).toBe(200)
    })

    it('counts unknown names like any other', async () => {
      const guesser = new AccountVisitor(server)
      const guess = () => guesser.signIn('no-such-user', PASSWORD)
      const responses = await Promise.all(Array.from({ length: WRONG_LIMIT + 1 }, guess))
      expect(responses.map(({ status }) => status).sort().slice(-2)).toEqual([401, 429])
    })

    it('counts re-authentication and both passwords of a change together', async () => {
      const thief = new AccountVisitor(server)
      await thief.register('mary', PASSWORD)
      const confirm = (password: string) => thief.send('POST', '/confirm', { password })
      const change = () => thief.send('PUT', '/password', { current: 'guess', password: 'something quite else' })
      for (let i = 0; i < (WRONG_LIMIT - 2) / 2; i++) expect((await confirm('guess')).status).toBe(401)
      for (let i = 0; i < (WRONG_LIMIT - 2) / 4; i++) expect((await change()).status).toBe(401)
      for (let i = 0; i < 2; i++) expect((await confirm('guess')).status).toBe(401)
      expect((await confirm(PASSWORD)).status).toBe(429)
    })

    it('stops attempts at many accounts from one address, where an IPv6 network counts as one', async () => {
      const inNetwork = (i: number) => `2001:db8:77:1::${i.toString(16)}`
      const attempt = (_: unknown, i: number) =>
        new AccountVisitor(server, inNetwork(i)).signIn(`name-${i}`, 'Password1')
      const responses = await Promise.all(Array.from({ length: SIGN_IN_LIMIT + 2 }, attempt))
      expect(responses.filter(({ status }) => status === 429)).toHaveLength(2)
      const elsewhere = new AccountVisitor(server, '2001:db8:77:2::1')
      expect((await elsewhere.signIn('name-1', 'Password1')).status).toBe(401)
    })
  })

  describe('for registration', () => {
    it('stops one address from registering many names', async () => {
      const address = newAddress()
      const register = (_: unknown, i: number) => new AccountVisitor(server, address).register(`taken-${i}`, PASSWORD)
      const responses = await Promise.all(Array.from({ length: REGISTRATION_LIMIT + 2 }, register))
      const expected = [...Array<number>(REGISTRATION_LIMIT).fill(201), 429, 429]
      expect(responses.map(({ status }) => status).sort()).toEqual(expected)
      expect((await new AccountVisitor(server).register('taken-by-another', PASSWORD)).status).toBe(201)
    })
  })
})

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a server without trusted proxies', () => {
  let direct: BuiltServer

  afterAll(() => direct?.dispose())

  it('ignores X-Forwarded-For', async () => {
    direct = await startBuiltServer()
    const guess = (_: unknown, i: number) => new AccountVisitor(direct).signIn('ada', `guess number ${i}`)
    const responses = await Promise.all(Array.from({ length: WRONG_LIMIT + 1 }, guess))
    expect(responses.map(({ status }) => status).sort().slice(-2)).toEqual([401, 429])
  })

  it.each([
    [
      { NUXT_CLOAKROOM_TRUSTED_PROXIES: 'nginx' },
      /NUXT_CLOAKROOM_TRUSTED_PROXIES has "nginx", which is neither an address nor a network/,
    ],
    [
      { NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '0' },
      /NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT is not a count/,
    ],
  ])('does not start with %j', async (env, message) => {
    await expect(startBuiltServer(env)).rejects.toThrow(message)
  })
})
