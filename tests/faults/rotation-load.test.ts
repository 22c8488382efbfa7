import { existsSync } from 'node:fs'
import type { Agent } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey, parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { open } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { call, cookiePair, keepAlive } from '../support/https.ts'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/limits'
import { changeDatabase } from '../support/store.ts'

const ENTRY = join(import.meta.dirname, '../../.output/server/index.mjs')
const BROWSERS = 10
/** Requests that each browser makes at the same time. */
const PARALLEL = 10
/** How often each secret is rotated on each of the two servers. */
const ROTATIONS = rounds(3, 100)
/** Long enough that a request with the previous secret is accepted, however slow the machine is. */
const GRACE = { NUXT_CLOAKROOM_ROTATION_GRACE: '10m' }

const [oldKey, newKey] = [generateKey(), generateKey()]

interface Browser {
  cookie: string
  /** What its session contains. */
  readonly value: string
}

describe.skipIf(!existsSync(ENTRY) && !process.env.CI)('the rotation of secrets and keys', () => {
  let before: BuiltServer
  let after: BuiltServer
  let agent: Agent

  beforeAll(async () => {
    await ensureCertificate()
    before = await startBuiltServer({ ...GRACE, NUXT_CLOAKROOM_KEYS: oldKey })
    after = await startBuiltServer({
      ...GRACE,
      NUXT_CLOAKROOM_KEYS: `${newKey},${oldKey}`,
      NUXT_CLOAKROOM_STORE: `sqlite:${before.storeFile}`,
    })
    agent = keepAlive(64)
  })

  afterAll(async () => {
    agent?.destroy()
    await after?.dispose()
    await before?.dispose()
  })

  it(`signs out none of ${BROWSERS} browsers that make ${PARALLEL} requests each at the same time`, async () => {
    const browsers = await Promise.all(Array.from({ length: BROWSERS }, firstVisit))
    for (const server of [before, after]) {
      for (let rotation = 0; rotation < ROTATIONS; rotation++) {
        const cookies = browsers.map(({ cookie }) => cookie)
        const statuses = await load(server, browsers)
        expect(new Set(statuses)).toEqual(new Set([200]))
        expect(browsers.filter(({ cookie }, index) => cookie === cookies[index])).toEqual([])
      }
    }
    // The old key is not needed any more.
    const ring = parseKeyRing(newKey)
    expect(browsers.filter(({ cookie }) => !open(ring, '__Host-session', cookie.split('=')[1]!))).toEqual([])
  })

  async function firstVisit(): Promise<Browser> {
    const { setCookie, body } = await call(`${before.origin}/api/session`)
    const { id: value } = JSON.parse(body) as { id: string }
    return { cookie: cookiePair(setCookie[0]!), value }
  }

  /** Makes the rotation of each secret due, and sends all requests at the same time. Returns their statuses. */
  async function load({ origin }: BuiltServer, browsers: readonly Browser[]): Promise<number[]> {
    const rotationDue = 'json_set(value, \'$.rotatedAt\', 0, \'$.previous\', NULL)'
    changeDatabase(before.storeFile, `UPDATE sessions SET value = ${rotationDue}`)
    return Promise.all(browsers.flatMap(browser => Array.from({ length: PARALLEL }, async () => {
      const { cookie, value } = browser
      const options = { method: 'POST', cookie, json: { session: value }, agent }
      const { status, setCookie } = await call(`${origin}/api/session`, options)
      if (setCookie.length > 0) browser.cookie = cookiePair(setCookie[0]!)
      return status
    })))
  }
})
