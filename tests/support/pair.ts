import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { generateKey } from '../../layers/session/server/engine/key-ring.ts'
import { startBalancer, type Balancer } from './balancer.ts'
import { expect, test as base } from './fixtures.ts'
import { findRedis, startRedis } from './redis.ts'
import { startBuiltServer, type BuiltServer } from './server.ts'

/** Two built servers with one Redis and one file of accounts, each with an origin of its own, and both behind one more. */
export interface Pair {
  readonly first: BuiltServer
  readonly second: BuiltServer
  readonly balancer: Balancer
  /** A client of the Redis server. */
  readonly admin: Redis
  /** Resolves when both servers hear each other. */
  hearing(): Promise<void>
  dispose(): Promise<void>
}

const program = findRedis()

/** Starts them. `env`: for both servers. */
async function startPair(env: Record<string, string>): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-pair-'))
  const redis = await startRedis(program!)
  const admin = new Redis(redis.port)
  const origins: string[] = []
  const balancer = await startBalancer(() => origins)
  const shared = {
    NUXT_SESSION_STORE: redis.url,
    NUXT_SESSION_KEYS: generateKey(),
    NUXT_SESSION_ORIGIN: balancer.origin,
    NUXT_ACCOUNTS_FILE: join(folder, 'accounts.db'),
    ...env,
  }
  const [first, second] = [await startBuiltServer(shared), await startBuiltServer(shared)]
  origins.push(first.origin, second.origin)
  return {
    first,
    second,
    balancer,
    admin,
    hearing: () => expect.poll(() => admin.call('PUBSUB', 'NUMSUB', 'cloakroom:0:news')).toEqual(['cloakroom:0:news', 2]),
    async dispose() {
      admin.disconnect()
      for (const part of [balancer, first, second, redis]) await part.dispose()
      rmSync(folder, { recursive: true })
    },
  }
}

interface PairFixtures {
  /** Settings of both servers. */
  pairSettings: Record<string, string>
  pair: Pair
}

/** Playwright's `test` with two servers as `pair`, of which the first is the `app`. A file of such tests begins with {@link skipWithoutRedis}. */
export const test = base.extend<object, PairFixtures>({
  pairSettings: [{}, { option: true, scope: 'worker' }],
  pair: [async ({ pairSettings }, use) => {
    const pair = await startPair(pairSettings)
    await use(pair)
    await pair.dispose()
  }, { scope: 'worker' }],
  app: [async ({ pair }, use) => use(pair.first), { scope: 'worker' }],
})

/** Lets the tests of the file that calls it be skipped where there is no Redis. */
export function skipWithoutRedis(): void {
  test.skip(!program, 'There is no redis-server here.')
}
