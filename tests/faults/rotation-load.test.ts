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
import { changeDatabase } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const BROWSERS = 10
/** Requests of each browser that are under way at the same time. */
const PARALLEL = 10
/** How often each secret is replaced on each of the two servers. */
const ROTATIONS = rounds(3, 100)
/** A request that is still under way with the old secret must count, however slow the machine is. */
const GRACE = { NUXT_SESSION_ROTATION_GRACE: '10m' }

const [oldKey, newKey] = [generateKey(), generateKey()]

interface Browser {
  cookie: string
  readonly id: string
}

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)(`${PARALLEL} parallel requests of each of ${BROWSERS} browsers while secrets and keys are replaced`, () => {
  let before: BuiltServer
  let after: BuiltServer
  let agent: Agent

  beforeAll(async () => {
    await ensureCertificate()
    before = await startBuiltServer({ ...GRACE, NUXT_SESSION_KEYS: oldKey })
    after = await startBuiltServer({ ...GRACE, NUXT_SESSION_KEYS: `${newKey},${oldKey}`, NUXT_SESSION_STORE: `sqlite:${before.storeFile}` })
    agent = keepAlive(64)
  })

  afterAll(async () => {
    agent?.destroy()
    await after?.dispose()
    await before?.dispose()
  })

  it('are all answered: nobody who is known becomes a stranger (K1, K4)', async () => {
    const browsers = await Promise.all(Array.from({ length: BROWSERS }, firstVisit))
    for (const server of [before, after]) {
      for (let rotation = 0; rotation < ROTATIONS; rotation++) {
        const cookies = browsers.map(({ cookie }) => cookie)
        const statuses = await load(server, browsers)
        expect(new Set(statuses)).toEqual(new Set([200]))
        expect(browsers.filter(({ cookie }, index) => cookie === cookies[index])).toEqual([])
      }
    }
    // So the old key can go.
    expect(browsers.filter(({ cookie }) => !open(parseKeyRing(newKey), '__Host-session', cookie.split('=')[1]!))).toEqual([])
  })

  async function firstVisit(): Promise<Browser> {
    const { setCookie, body } = await call(`${before.origin}/api/session`)
    return { cookie: cookiePair(setCookie[0]!), ...JSON.parse(body) as { id: string } }
  }

  /** Makes the rotation of each secret due, and sends all requests at the same time. Returns their statuses. */
  async function load({ origin }: BuiltServer, browsers: readonly Browser[]): Promise<number[]> {
    changeDatabase(before.storeFile, 'UPDATE sessions SET value = json_set(value, \'$.rotatedAt\', 0)')
    return Promise.all(browsers.flatMap(browser => Array.from({ length: PARALLEL }, async () => {
      const { status, setCookie } = await call(`${origin}/api/session`, { method: 'POST', cookie: browser.cookie, json: { session: browser.id }, agent })
      if (setCookie.length > 0) browser.cookie = cookiePair(setCookie[0]!)
      return status
    })))
  }
})
