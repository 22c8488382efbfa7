import { Redis } from 'ioredis'
import { redisDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { parseRedisUrl } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/connection'
import { parseConfig } from '../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import { storeKeyOf, newSessionCookie } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { generateKey, parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { flatten } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/plain-data'
import { encodeRecord, metaOf } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'

// A separate program: `seed-redis.ts URL COUNT`. Fills a Redis with this many active sessions through the driver, half
// of them signed in, ten per user. Then measures the store in this process. Prints one line of JSON.

const CALLS = 20_000
const WARM_UP_CALLS = 2000
const DEVICES = 10
const SAMPLED = 10_000
/** Parallel writes. */
const PARALLEL = 200
const LIMIT = { max: DEVICES, policy: 'evict-oldest', startedAt: Number.MAX_SAFE_INTEGER } as const
const LABEL = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

const [url, count] = process.argv.slice(2) as [string, string]
const sessions = Number(count)
const driver = redisDriver({ target: parseRedisUrl(url) })
const engine = new SessionEngine({ driver, ring: parseKeyRing(generateKey()), config: parseConfig({}) })
const admin = new Redis(url)

const empty = await usedMemory()
const { keys, userIds } = await fill()
const bytesPerSession = ((await usedMemory()) - empty) / sessions
const read = await timed(async i => driver.read(keys[(i * 7919) % keys.length]!))
const devices = await timed(async i => driver.listByUser(userIds[(i * 7919) % userIds.length]!))
console.log(JSON.stringify({ sessions, bytesPerSession, read, devices }))
await driver.dispose?.()
await admin.quit()

async function fill() {
  const keys: string[] = []
  const userIds = new Set<string>()
  const every = Math.max(1, Math.floor(sessions / SAMPLED))
  for (let begin = 0; begin < sessions; begin += PARALLEL) {
    await Promise.all(
      Array.from({ length: Math.min(PARALLEL, sessions - begin) }, async (_, offset) => {
        const i = begin + offset
        const userId = i % 2 ? `user-${Math.floor(i / (2 * DEVICES))}` : null
        const key = await add(userId)
        if (i % every < 2) keys.push(key)
        if (i % every < 2 && userId) userIds.add(userId)
      }),
    )
  }
  return { keys, userIds: [...userIds] }
}

async function add(userId: string | null): Promise<string> {
  const cookie = newSessionCookie()
  const key = storeKeyOf(cookie.sid)
  const now = engine.clock()
  const record = engine.newRecord(
    cookie,
    { createdAt: now, label: LABEL, data: flatten({ value: crypto.randomUUID() }) },
    userId === null ? undefined : { userId, remember: false },
  )
  const meta = metaOf(record, now)
  if (userId === null) await driver.create(key, encodeRecord(record), meta)
  else await driver.assignUser(key, encodeRecord(record), { ...meta, userId }, LIMIT)
  return key
}

/** Microseconds per call to the store, one after the other: the median and the 99th percentile. */
async function timed(call: (index: number) => Promise<unknown>) {
  for (let index = 0; index < WARM_UP_CALLS; index++) await call(index)
  const micros: number[] = []
  for (let index = 0; index < CALLS; index++) {
    const start = performance.now()
    await call(index)
    micros.push((performance.now() - start) * 1000)
  }
  micros.sort((a, b) => a - b)
  return { p50: micros[CALLS / 2]!, p99: micros[Math.floor(CALLS * 0.99)]! }
}

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await admin.info('memory'))![1])
}
