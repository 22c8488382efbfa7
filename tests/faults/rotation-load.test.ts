import { existsSync } from 'node:fs'
import type { Agent } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey, parseKeyRing } from '../../layers/session/server/engine/key-ring'
import { open } from '../../layers/session/server/engine/seal'
import { call, cookiePair, keepAlive } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/soak'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const BROWSERS = 10
const REQUEST_EVERY_MS = 10
const ROTATION = { NUXT_SESSION_ROTATE_EVERY: '2s', NUXT_SESSION_ROTATION_GRACE: '2s' }
/** On each of the two servers; more than one rotation of every secret. */
const LOAD_MS = rounds(3000, 30_000)
const LIMIT_MS = 60_000 + 4 * LOAD_MS

const [oldKey, newKey] = [generateKey(), generateKey()]

interface Browser {
  cookie: string
  readonly id: string
}

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('100 requests a second while secrets and keys are replaced', { timeout: LIMIT_MS }, () => {
  let before: BuiltServer
  let after: BuiltServer
  let agent: Agent

  beforeAll(async () => {
    await ensureCertificate()
    before = await startBuiltServer({ ...ROTATION, NUXT_SESSION_KEYS: oldKey })
    after = await startBuiltServer({ ...ROTATION, NUXT_SESSION_KEYS: `${newKey},${oldKey}`, NUXT_SESSION_STORE: `sqlite:${before.storeFile}` })
    agent = keepAlive(64)
  }, LIMIT_MS)

  afterAll(async () => {
    agent?.destroy()
    await after?.dispose()
    await before?.dispose()
  })

  it('are all answered: nobody who is known becomes a stranger (K1, K4)', async () => {
    const browsers = await Promise.all(Array.from({ length: BROWSERS }, firstVisit))
    const first = await load(before, browsers)
    const second = await load(after, browsers)
    expect([first, second].map(({ statuses }) => [...new Set(statuses)])).toEqual([[200], [200]])
    for (const { statuses, cookies } of [first, second]) {
      expect(statuses.length).toBeGreaterThan(LOAD_MS / REQUEST_EVERY_MS / 2)
      expect(cookies).toBeGreaterThanOrEqual(BROWSERS)
    }
    // So the old key can go.
    expect(browsers.filter(({ cookie }) => !open(parseKeyRing(newKey), '__Host-session', cookie.split('=')[1]!))).toEqual([])
  })

  async function firstVisit(): Promise<Browser> {
    const { setCookie, body } = await call(`${before.origin}/api/session`)
    return { cookie: cookiePair(setCookie[0]!), ...JSON.parse(body) as { id: string } }
  }

  /** Requests at a steady rate, whether or not those before have been answered. */
  async function load({ origin }: BuiltServer, browsers: readonly Browser[]) {
    const end = performance.now() + LOAD_MS
    const statuses: number[] = []
    let cookies = 0
    const sent: Promise<void>[] = []
    const ask = async (browser: Browser) => {
      const { status, setCookie } = await call(`${origin}/api/session`, { method: 'POST', cookie: browser.cookie, json: { session: browser.id }, agent })
      statuses.push(status)
      if (setCookie.length > 0) browser.cookie = cookiePair(setCookie[0]!)
      cookies += setCookie.length
    }
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (performance.now() < end) return void sent.push(ask(browsers[sent.length % browsers.length]!))
        clearInterval(timer)
        resolve()
      }, REQUEST_EVERY_MS)
    })
    await Promise.all(sent)
    return { statuses, cookies }
  }
})
