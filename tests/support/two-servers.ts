import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { generateKey } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring.ts'
import { startBalancer, type Balancer } from './balancer.ts'
import { expect, test as base } from './fixtures.ts'
import { findRedis, startRedis } from './redis.ts'
import { startBuiltServer, type BuiltServer } from './server.ts'

/** The Redis channel on which the servers report changes to each other. */
const CHANNEL = 'cloakroom:0:changes'

/** Two built servers on one Redis and one accounts file, each with its own origin, and a load balancer before both. */
export interface TwoServers {
  readonly first: BuiltServer
  readonly second: BuiltServer
  readonly balancer: Balancer
  /** A client of the Redis server. */
  readonly admin: Redis
  /** Resolves when both servers are subscribed to each other's changes. */
  subscribed(): Promise<void>
  dispose(): Promise<void>
}

const program = findRedis()

/** Starts them. `env`: for both servers. */
async function startTwoServers(env: Record<string, string>): Promise<TwoServers> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-servers-'))
  const redis = await startRedis(program!)
  const admin = new Redis(redis.port)
  const origins: string[] = []
  const balancer = await startBalancer(() => origins)
  const shared = {
    NUXT_CLOAKROOM_STORE: redis.url,
    NUXT_CLOAKROOM_KEYS: generateKey(),
    NUXT_CLOAKROOM_ORIGIN: balancer.origin,
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
    subscribed: () => expect.poll(() => admin.call('PUBSUB', 'NUMSUB', CHANNEL)).toEqual([CHANNEL, 2]),
    async dispose() {
      admin.disconnect()
      for (const part of [balancer, first, second, redis]) await part.dispose()
      rmSync(folder, { recursive: true })
    },
  }
}

interface TwoServersFixtures {
  /** Settings of both servers. */
  serverSettings: Record<string, string>
  servers: TwoServers
}

/**
 * Playwright's `test` with two servers as `servers`; the first of them is the `app`. A file with such tests starts with
 * {@link skipWithoutRedis}.
 */
export const test = base.extend<object, TwoServersFixtures>({
  serverSettings: [{}, { option: true, scope: 'worker' }],
  servers: [async ({ serverSettings }, use) => {
    const servers = await startTwoServers(serverSettings)
    await use(servers)
    await servers.dispose()
  }, { scope: 'worker' }],
  app: [async ({ servers }, use) => use(servers.first), { scope: 'worker' }],
})

/** Skips all tests of the file that calls it if there is no Redis. */
export function skipWithoutRedis(): void {
  test.skip(!program, 'There is no redis-server here.')
}
