import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { redisDriver } from '../../layers/session/server/drivers/redis'
import { parseRedisUrl } from '../../layers/session/server/drivers/redis/connection'
import type { AtomicDriver } from '../../layers/session/server/engine/store'
import type { RedisServer } from './redis'
import { startRedis } from './redis'

export interface RedisBench {
  readonly server: RedisServer
  /** On an empty store, new for each test. */
  readonly driver: AtomicDriver
  /** A client of its own, for a look behind the driver's back and for meddling. */
  readonly admin: Redis
  /** What the driver has warned of. */
  readonly warnings: readonly string[]
  /** Opens another driver on the same server. */
  open(url?: string): AtomicDriver
}

/** For a `describe`: one server for all of its tests, and for each an empty store. */
export function useRedis(program: string | undefined, ...options: string[]): () => RedisBench {
  let server: RedisServer
  let admin: Redis
  let driver: AtomicDriver
  const warnings: string[] = []
  const open = (url = server.url) => redisDriver({ target: parseRedisUrl(url), warn: message => warnings.push(message) })

  beforeAll(async () => {
    if (!program) return
    server = await startRedis(program, ...options)
    admin = new Redis(server.port)
  })

  beforeEach(async () => {
    await admin.flushall()
    warnings.length = 0
    driver = open()
  })

  afterEach(() => driver.dispose?.())

  afterAll(async () => {
    admin?.disconnect()
    await server?.dispose()
  })

  return () => ({ server, driver, admin, warnings, open })
}
