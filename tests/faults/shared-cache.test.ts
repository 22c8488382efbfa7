import { existsSync } from 'node:fs'
import { join } from 'node:path'
import CachePolicy from 'http-cache-semantics'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { AccountVisitor, TRUST_PROXY } from '../support/account-visitor.ts'
import { call } from '../support/https.ts'
import type { CallResponse } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'
const PATHS = [
  '/', '/sign-in', '/devices', '/account', '/no-such-page', '/account/portrait.png', '/?theme.css',
  '/api/session', '/api/account', '/api/none', '/api/_session', '/api/_session/devices',
]

interface Stored { policy: CachePolicy, response: CallResponse }

let server: BuiltServer

/** A proxy with a shared cache as RFC 9111 permits it: stores everything it may, and revalidates only if it must. */
class CachingProxy {
  readonly #stored = new Map<string, Stored>()
  served = 0

  /** @param overrides headers that replace the server's */
  constructor(private readonly overrides: Record<string, string> = {}) {}

  async get(path: string, headers: Record<string, string>): Promise<CallResponse> {
    const request = { url: path, method: 'GET', headers: { host: new URL(server.origin).host, ...headers } }
    const stored = this.#stored.get(path)
    if (stored?.policy.satisfiesWithoutRevalidation(request)) {
      this.served++
      return stored.response
    }
    const response = await call(server.origin + path, { headers })
    const received = { ...response.headers as Record<string, string>, ...this.overrides }
    const policy = new CachePolicy(request, { status: response.status, headers: received }, { shared: true })
    if (policy.storable()) this.#stored.set(path, { policy, response })
    return response
  }
}

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('two users behind a caching proxy', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer(TRUST_PROXY)
  })

  afterAll(() => server?.dispose())

  /** Signs a new user up. Returns the cookie, and the texts that occur only in this user's responses. */
  async function signUp(name: string) {
    const browser = new AccountVisitor(server)
    const { account } = (await browser.register(name, PASSWORD)).json() as { account: { id: string } }
    const { body } = await call(`${server.origin}/api/session`, { cookie: browser.cookie })
    const { id: value } = JSON.parse(body) as { id: string }
    return { cookie: browser.cookie!, texts: [name, account.id, value] }
  }

  it.each(['text/html', 'application/json'])('never get each other\'s %s', async (accept) => {
    const [ada, bob] = await Promise.all([signUp(`ada-${accept.length}`), signUp(`bob-${accept.length}`)])
    const proxy = new CachingProxy()
    for (const path of PATHS) {
      const adas = await proxy.get(path, { accept, cookie: ada.cookie })
      const others = [await proxy.get(path, { accept, cookie: bob.cookie }), await proxy.get(path, { accept })]
      for (const { body, setCookie } of others) {
        for (const text of ada.texts) expect(body, path).not.toContain(text)
        for (const line of adas.setCookie) expect(setCookie, path).not.toContain(line)
      }
    }
    expect(proxy.served).toBe(0)
  })

  it('share what is the same for all', async () => {
    const proxy = new CachingProxy()
    const { body } = await proxy.get('/sign-in', {})
    const [script] = /\/_nuxt\/[\w-]+\.js/.exec(body)!
    const { body: first } = await proxy.get(script, { cookie: 'a=1' })
    const { body: again } = await proxy.get(script, { cookie: 'b=2' })

    expect([again, proxy.served]).toEqual([first, 1])
  })

  it('would get each other\'s pages without the server\'s cache headers', async () => {
    const [ada, bob] = await Promise.all([signUp('ada'), signUp('bob')])
    const proxy = new CachingProxy({ 'cache-control': 'max-age=60', 'vary': '' })
    await proxy.get('/account', { cookie: ada.cookie })

    expect((await proxy.get('/account', { cookie: bob.cookie })).body).toContain(ada.texts[0])
  })
})
