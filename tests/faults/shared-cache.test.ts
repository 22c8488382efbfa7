import { existsSync } from 'node:fs'
import { join } from 'node:path'
import CachePolicy from 'http-cache-semantics'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { AccountVisitor, TRUSTING } from '../support/account-visitor.ts'
import { call } from '../support/https.ts'
import type { Answer } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const PASSWORD = 'a coat, a hat, an umbrella'
const PATHS = [
  '/', '/sign-in', '/devices', '/account', '/no-such-page', '/account/portrait.png', '/?theme.css',
  '/api/session', '/api/account', '/api/none', '/api/_session', '/api/_session/devices',
]

interface Stored { policy: CachePolicy, answer: Answer }

let server: BuiltServer

/** A proxy with a cache that all share, as RFC 9111 lets it be: it keeps what it may, and asks nobody again before it has to. */
class CachingProxy {
  readonly #stored = new Map<string, Stored>()
  served = 0

  /** @param instead headers in place of the server's */
  constructor(private readonly instead: Record<string, string> = {}) {}

  async get(path: string, headers: Record<string, string>): Promise<Answer> {
    const request = { url: path, method: 'GET', headers: { host: new URL(server.origin).host, ...headers } }
    const stored = this.#stored.get(path)
    if (stored?.policy.satisfiesWithoutRevalidation(request)) {
      this.served++
      return stored.answer
    }
    const answer = await call(server.origin + path, { headers })
    const policy = new CachePolicy(request, { status: answer.status, headers: { ...answer.headers as Record<string, string>, ...this.instead } }, { shared: true })
    if (policy.storable()) this.#stored.set(path, { policy, answer })
    return answer
  }
}

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('two users behind a caching proxy', () => {
  beforeAll(async () => {
    await ensureCertificate()
    server = await startBuiltServer(TRUSTING)
  })

  afterAll(() => server?.dispose())

  /** What tells this user from all others, and the cookie that does. */
  async function user(name: string) {
    const browser = new AccountVisitor(server)
    const { account } = (await browser.register(name, PASSWORD)).json() as { account: { id: string } }
    const { id: value } = JSON.parse((await call(`${server.origin}/api/session`, { cookie: browser.cookie })).body) as { id: string }
    return { cookie: browser.cookie!, marks: [name, account.id, value] }
  }

  it.each(['text/html', 'application/json'])('never get each other\'s %s', async (accept) => {
    const [ada, bob] = await Promise.all([user(`ada-${accept.length}`), user(`bob-${accept.length}`)])
    const proxy = new CachingProxy()
    for (const path of PATHS) {
      const theirs = await proxy.get(path, { accept, cookie: ada.cookie })
      const others = [await proxy.get(path, { accept, cookie: bob.cookie }), await proxy.get(path, { accept })]
      for (const { body, setCookie } of others) {
        for (const mark of ada.marks) expect(body, path).not.toContain(mark)
        for (const line of theirs.setCookie) expect(setCookie, path).not.toContain(line)
      }
    }
    expect(proxy.served).toBe(0)
  })

  it('share what is everybody\'s', async () => {
    const proxy = new CachingProxy()
    const { body } = await proxy.get('/sign-in', {})
    const [script] = /\/_nuxt\/[\w-]+\.js/.exec(body)!
    const { body: first } = await proxy.get(script, { cookie: 'a=1' })
    const { body: again } = await proxy.get(script, { cookie: 'b=2' })

    expect([again, proxy.served]).toEqual([first, 1])
  })

  it('would get each other\'s, were what the server says of it left out', async () => {
    const [ada, bob] = await Promise.all([user('ada'), user('bob')])
    const proxy = new CachingProxy({ 'cache-control': 'max-age=60', 'vary': '' })
    await proxy.get('/account', { cookie: ada.cookie })

    expect((await proxy.get('/account', { cookie: bob.cookie })).body).toContain(ada.marks[0])
  })
})
