import { Redis } from 'ioredis'
import type { Agent } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureCertificate } from '../../certs/certificate.ts'
import { generateKey, parseKeyRing } from '../../layers/session/server/engine/key-ring'
import { newTicket, seal } from '../../layers/session/server/engine/seal'
import { AccountVisitor, newAddress, TRUSTING } from '../support/account-visitor.ts'
import { call, keepAlive } from '../support/https.ts'
import { findRedis, startRedis } from '../support/redis'
import type { RedisServer } from '../support/redis'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/soak'

const FORGED = rounds(400, 10_000)
/** One request of the user's to so many forged ones. */
const FORGED_TO_ONE = 10
const redisProgram = findRedis()
const notOurs = parseKeyRing(generateKey())

/** On Redis, because it counts what it is asked. */
describe.skipIf(!redisProgram)('a flood of forged cookies (A30)', () => {
  let redis: RedisServer
  let observer: Redis
  let server: BuiltServer
  let agent: Agent

  beforeAll(async () => {
    await ensureCertificate()
    redis = await startRedis(redisProgram!)
    observer = new Redis(redis.url)
    server = await startBuiltServer({ ...TRUSTING, NUXT_SESSION_STORE: redis.url, NUXT_SESSION_KEYS: generateKey() })
    agent = keepAlive(16)
  })

  afterAll(async () => {
    agent?.destroy()
    observer?.disconnect()
    await server?.dispose()
    await redis?.dispose()
  })

  it(`of ${FORGED} costs the store nothing, and a signed-in user at the same address does not notice`, async () => {
    const address = newAddress()
    const user = new AccountVisitor(server, address)
    await user.register('ada', 'a coat, a hat, an umbrella')
    const before = await reads()
    const own: number[] = []
    const forged: number[] = []
    await Promise.all(Array.from({ length: FORGED }, async (_, i) => {
      // Half of them from as many addresses, where no limit is reached.
      forged.push((await forge(i % 2 ? address : newAddress())).status)
      if (i % FORGED_TO_ONE === 0) own.push((await user.send('GET', '', undefined, { agent })).status)
    }))
    expect([own.length, new Set(own)]).toEqual([FORGED / FORGED_TO_ONE, new Set([200])])
    expect(forged.filter(status => status === 401).length).toBeGreaterThanOrEqual(FORGED / 2)
    expect(new Set(forged)).toEqual(new Set([401, 429]))
    expect(await reads() - before).toBe(own.length)
  })

  function forge(address: string) {
    const cookie = `__Host-session=${seal(notOurs, '__Host-session', newTicket())}`
    return call(`${server.origin}/api/session`, { method: 'POST', cookie, json: { session: 'x' }, headers: { 'x-forwarded-for': address }, agent })
  }

  /** How often Redis has been asked for the contents of a key, by whatever command. */
  async function reads(): Promise<number> {
    const commands = (await observer.info('commandstats')).matchAll(/^cmdstat_(?:h?m?get|hgetall|h?exists):calls=(\d+)/gm)
    return [...commands].reduce((sum, [, calls]) => sum + Number(calls), 0)
  }
})
