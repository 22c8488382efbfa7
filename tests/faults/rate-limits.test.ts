import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey, parseKeyRing } from '../../layers/session/server/engine/key-ring'
import { newTicket, seal } from '../../layers/session/server/engine/seal'
import { AccountVisitor, newAddress, TRUSTING } from '../support/account-visitor.ts'
import { call, cookiePair } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { dumpStore } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'
const FORGED_LIMIT = 5
const WRONG_LIMIT = 10
const TRIES_LIMIT = 60

const ring = parseKeyRing(generateKey())

let server: BuiltServer

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('limits by address', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer({ ...TRUSTING, NUXT_SESSION_FORGED_COOKIE_LIMIT: String(FORGED_LIMIT), NUXT_SESSION_ALLOWED_ORIGINS: 'https://client.example' })
  })

  afterAll(() => server?.dispose())

  const forged = () => `__Host-session=${seal(ring, '__Host-session', newTicket())}`
  const get = (address: string, cookie?: string, headers = {}) => call(`${server.origin}/api/_session`, { cookie, headers: { 'x-forwarded-for': address, ...headers } })

  async function flood(address: string) {
    for (let i = 0; i < FORGED_LIMIT; i++) expect((await get(address, forged())).status).toBe(200)
  }

  describe('on forged cookies (A30)', () => {
    it('answer 429 to such cookies alone: those with a ticket of ours or none go on from the same address', async () => {
      const address = newAddress()
      const first = await call(`${server.origin}/api/session`, { headers: { 'x-forwarded-for': address } })
      await flood(address)
      const refused = await get(address, forged())
      expect([refused.status, JSON.parse(refused.body).data, refused.setCookie]).toEqual([429, { code: 'rate_limited' }, []])
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
      expect(refused.headers['cache-control']).toBe('no-store')
      const genuine = await call(`${server.origin}/api/session`, { cookie: cookiePair(first.setCookie[0]!), headers: { 'x-forwarded-for': address } })
      expect([genuine.status, genuine.body]).toEqual([200, first.body])
      expect((await get(address)).status).toBe(200)
    })

    it('are no other address\'s, whatever stands to the left in X-Forwarded-For', async () => {
      const address = newAddress()
      await flood(address)
      expect((await get(newAddress(), forged())).status).toBe(200)
      expect((await get(`${address}, ${newAddress()}`, forged())).status).toBe(200)
      expect((await get(`${newAddress()}, ${address}`, forged())).status).toBe(429)
    })

    it('hold on pages and files too, and let a listed origin read the answer (C12)', async () => {
      const address = newAddress()
      await flood(address)
      for (const path of ['/', '/favicon.svg']) {
        expect((await call(server.origin + path, { cookie: forged(), headers: { 'x-forwarded-for': address, 'accept': 'text/html' } })).status).toBe(429)
      }
      const listed = await get(address, forged(), { origin: 'https://client.example' })
      expect([listed.status, listed.headers['access-control-allow-origin']]).toEqual([429, 'https://client.example'])
    })

    it('change nothing in the store', async () => {
      const before = dumpStore(server.storeFile)
      const answers = await Promise.all(Array.from({ length: 50 }, () => get('198.51.100.250', forged())))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]))
      expect(dumpStore(server.storeFile)).toEqual(before)
    })
  })

  describe('on sign-in', () => {
    it('stop guessing at an account from one address, and let its owner in from another', async () => {
      const owner = new AccountVisitor(server)
      await owner.register('ada', PASSWORD)
      const guesser = new AccountVisitor(server)
      const answers = await Promise.all(Array.from({ length: WRONG_LIMIT + 3 }, (_, i) => guesser.signIn(i % 2 ? 'ada' : 'ＡＤＡ', `guess number ${i}`)))
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(WRONG_LIMIT).fill(401), 429, 429, 429])
      const refused = await guesser.signIn('ada', PASSWORD)
      expect([refused.status, refused.json().data, refused.setCookie]).toEqual([429, { code: 'rate_limited' }, []])
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(500)
      expect((await new AccountVisitor(server).signIn('ada', PASSWORD)).status).toBe(200)
      expect((await owner.send('POST', '/confirm', { password: PASSWORD })).status).toBe(200)
    })

    it('do not count the right password as a guess', async () => {
      const visitor = new AccountVisitor(server)
      await visitor.register('grace', PASSWORD)
      for (let i = 0; i < WRONG_LIMIT + 2; i++) expect((await visitor.signIn('grace', PASSWORD)).status).toBe(200)
    })

    it('count names that nobody has like any other', async () => {
      const guesser = new AccountVisitor(server)
      const answers = await Promise.all(Array.from({ length: WRONG_LIMIT + 1 }, () => guesser.signIn('nobody-here', PASSWORD)))
      expect(answers.map(({ status }) => status).sort().slice(-2)).toEqual([401, 429])
    })

    it('hold for re-authentication and a change of password together', async () => {
      const thief = new AccountVisitor(server)
      await thief.register('mary', PASSWORD)
      for (let i = 0; i < WRONG_LIMIT / 2; i++) {
        expect((await thief.send('POST', '/confirm', { password: 'guess' })).status).toBe(401)
        expect((await thief.send('PUT', '/password', { current: 'guess', password: 'something quite else' })).status).toBe(401)
      }
      expect((await thief.send('POST', '/confirm', { password: PASSWORD })).status).toBe(429)
    })

    it('stop trying many accounts from one address, an IPv6 network being one', async () => {
      const network = (i: number) => `2001:db8:77:1::${i.toString(16)}`
      const answers = await Promise.all(Array.from({ length: TRIES_LIMIT + 2 }, (_, i) => new AccountVisitor(server, network(i)).signIn(`name-${i}`, 'Password1')))
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(2)
      expect((await new AccountVisitor(server, '2001:db8:77:2::1').signIn('name-1', 'Password1')).status).toBe(401)
    })
  })

  describe('on registration', () => {
    it('stop one address from taking all the names', async () => {
      const address = newAddress()
      const answers = await Promise.all(Array.from({ length: 32 }, (_, i) => new AccountVisitor(server, address).register(`taken-${i}`, PASSWORD)))
      expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(30).fill(201), 429, 429])
      expect((await new AccountVisitor(server).register('taken-by-another', PASSWORD)).status).toBe(201)
    })
  })
})

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('a server that does not know its proxies', () => {
  let unknowing: BuiltServer

  afterAll(() => unknowing?.dispose())

  it('believes no X-Forwarded-For', async () => {
    unknowing = await startBuiltServer({ NUXT_SESSION_FORGED_COOKIE_LIMIT: '1' })
    const get = () => call(`${unknowing.origin}/api/_session`, { cookie: `__Host-session=${seal(ring, '__Host-session', newTicket())}`, headers: { 'x-forwarded-for': newAddress() } })
    expect([(await get()).status, (await get()).status]).toEqual([200, 429])
  })

  it.each([[{ NUXT_SESSION_TRUSTED_PROXIES: 'nginx' }, /NUXT_SESSION_TRUSTED_PROXIES has "nginx", which is no address/], [{ NUXT_SESSION_FORGED_COOKIE_LIMIT: '0' }, /NUXT_SESSION_FORGED_COOKIE_LIMIT is not a count/]])(
    'does not start with %j', async (env, sentence) => {
      await expect(startBuiltServer(env)).rejects.toThrow(sentence)
    })
})
