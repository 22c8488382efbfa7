import { Redis } from 'ioredis'
import type { Agent } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey, parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { newSessionCookie, seal } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { AccountVisitor, newAddress, TRUST_PROXY } from '../support/account-visitor.ts'
import { call, keepAlive } from '../support/https.ts'
import { findRedis, startRedis } from '../support/redis'
import type { RedisServer } from '../support/redis'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/limits'

const FORGED = rounds(400, 10_000)
/** How many forged requests there are for each one of the signed-in user. */
const FORGED_PER_REQUEST = 10
const redisProgram = findRedis()
const otherKeys = parseKeyRing(generateKey())

/** On Redis, because Redis counts its commands. */
describe.skipIf(!redisProgram)('a flood of forged cookies', () => {
  let redis: RedisServer
  let observer: Redis
  let server: BuiltServer
  let agent: Agent

  beforeAll(async () => {
    await ensureCertificate()
    redis = await startRedis(redisProgram!)
    observer = new Redis(redis.url)
    const store = { NUXT_CLOAKROOM_STORE: redis.url, NUXT_CLOAKROOM_KEYS: generateKey() }
    server = await startBuiltServer({ ...TRUST_PROXY, ...store })
    agent = keepAlive(16)
  })

  afterAll(async () => {
    agent?.destroy()
    observer?.disconnect()
    await server?.dispose()
    await redis?.dispose()
  })

  it(`of ${FORGED} causes no store reads, and does not affect a signed-in user at the same address`, async () => {
    const address = newAddress()
    const user = new AccountVisitor(server, address)
    await user.register('ada', 'a coat, a hat, an umbrella')
    const before = await reads()
    const own: number[] = []
    const forged: number[] = []
    await Promise.all(Array.from({ length: FORGED }, async (_, i) => {
      // Half of them come from an address each, where no limit is reached: those are counted and reported.
      forged.push((await forge(i % 2 ? address : newAddress())).status)
      if (i % FORGED_PER_REQUEST === 0) own.push((await user.send('GET', '', undefined, { agent })).status)
    }))
    expect([own.length, new Set(own)]).toEqual([FORGED / FORGED_PER_REQUEST, new Set([200])])
    expect(new Set(forged)).toEqual(new Set([401]))
    expect(await reads() - before).toBe(own.length)
  })

  function forge(address: string) {
    const cookie = `__Host-session=${seal(otherKeys, '__Host-session', newSessionCookie())}`
    const headers = { 'x-forwarded-for': address }
    return call(`${server.origin}/api/session`, { method: 'POST', cookie, json: { session: 'x' }, headers, agent })
  }

  /** How often Redis was asked for the contents of a key, by any command. */
  async function reads(): Promise<number> {
    const stats = await observer.info('commandstats')
    const commands = stats.matchAll(/^cmdstat_(?:hm?get|hgetall|h?exists):calls=(\d+)/gm)
    return [...commands].reduce((sum, [, calls]) => sum + Number(calls), 0)
  }
})
