import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { AtomicDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { redisDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import type { RedisServer } from './redis'
import { startRedis } from './redis'
import { redisTarget } from './stores'

export interface RedisFixture {
  readonly server: RedisServer
  /** On an empty store, opened for each test. */
  readonly driver: AtomicDriver
  /** A separate client, to look at the data and to change it without the driver. */
  readonly admin: Redis
  /** The warnings of all drivers of this test. */
  readonly warnings: readonly string[]
  /** Opens another driver on the same server. */
  open(options?: OpenOptions): AtomicDriver
}

export interface OpenOptions {
  /** Default: the server's own. */
  url?: string
  /** In milliseconds. Default: only what hangs times out, so that no test depends on the machine's speed. */
  commandTimeout?: number
}

/** For a `describe`: one server for all of its tests, which is emptied before each test. */
export function useRedis(program: string | undefined, ...options: string[]): () => RedisFixture {
  let server: RedisServer
  let admin: Redis
  let driver: AtomicDriver
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const open = ({ url = server.url, commandTimeout }: OpenOptions = {}) =>
    redisDriver({ target: redisTarget(url, commandTimeout), warn })

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
