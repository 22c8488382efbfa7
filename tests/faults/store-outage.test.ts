import { afterEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../layers/session/server/engine/key-ring'
import { call, cookiePair } from '../support/https.ts'
import type { Answer } from '../support/https.ts'
import { findRedis, startRedis } from '../support/redis'
import type { RedisServer } from '../support/redis'
import { startBuiltServer } from '../support/server.ts'
import type { BuiltServer } from '../support/server.ts'
import { rounds } from '../support/soak'

const VISITORS = 20
const OUTAGE_MS = rounds(2000, 10_000)
const RECOVERY_MS = 5000
const redisProgram = findRedis()

/** E1, E3, E8, E15: a store that is down is not a visitor who has signed out. */
describe.skipIf(!redisProgram)('the built server on a Redis that dies under load', () => {
  let redis: RedisServer
  let server: BuiltServer

  afterEach(async () => {
    await server.dispose()
    await redis.dispose()
  })

  it('answers 503 and never 401, sets no cookie, and everyone is still there afterwards', async () => {
    redis = await startRedis(redisProgram!)
    server = await startBuiltServer({ NUXT_SESSION_STORE: redis.url, NUXT_SESSION_KEYS: generateKey() })
    const visitors = await Promise.all(Array.from({ length: VISITORS }, firstVisit))
    await redis.kill()
    const answers = await loadFor(OUTAGE_MS, visitors)
    await redis.start()
    await until(async () => (await send(visitors[0]!)).status === 200)
    const afterwards = await Promise.all(visitors.map(send))

    expect(answers.length).toBeGreaterThan(VISITORS)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(answers.flatMap(({ setCookie }) => setCookie)).toEqual([])
    expect(new Set(answers.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['2']))
    expect(new Set(answers.map(({ body }) => (JSON.parse(body) as { data: { code: string } }).data.code))).toEqual(new Set(['store_unavailable']))
    expect(afterwards.map(({ status, body }) => [status, body])).toEqual(visitors.map(() => [200, expect.stringContaining('Success!')]))
    expect(server.logs.filter(line => /unhandled/i.test(line))).toEqual([])
  }, 60_000)

  interface Visitor {
    readonly cookie: string
    readonly id: string
  }

  async function firstVisit(): Promise<Visitor> {
    const { setCookie, body } = await call(`${server.origin}/api/session`)
    return { cookie: cookiePair(setCookie[0]!), ...JSON.parse(body) as { id: string } }
  }

  function send({ cookie, id }: Visitor): Promise<Answer> {
    return call(`${server.origin}/api/session`, { method: 'POST', cookie, json: { session: id } })
  }

  async function loadFor(milliseconds: number, visitors: readonly Visitor[]): Promise<Answer[]> {
    const end = performance.now() + milliseconds
    const answers: Answer[] = []
    await Promise.all(visitors.map(async (visitor) => {
      do answers.push(await send(visitor))
      while (performance.now() < end)
    }))
    return answers
  }

  async function until(condition: () => Promise<boolean>) {
    const end = performance.now() + RECOVERY_MS
    while (!await condition()) if (performance.now() > end) throw new Error(`not recovered within ${RECOVERY_MS} ms`)
  }
})
