import { Redis } from 'ioredis'
import { redisDriver } from '../../layers/session/server/drivers/redis'
import { parseRedisUrl } from '../../layers/session/server/drivers/redis/connection'
import { parseConfig } from '../../layers/session/server/engine/config'
import { SessionEngine } from '../../layers/session/server/engine/engine'
import { storeKeyOf } from '../../layers/session/server/engine/identity'
import { generateKey, parseKeyRing } from '../../layers/session/server/engine/key-ring'
import { encodeRecord, flatten, metaOf } from '../../layers/session/server/engine/record'
import { newTicket } from '../../layers/session/server/engine/seal'

// A program of its own: `seed-redis.ts URL COUNT`. Fills a Redis with so many live sessions by the driver's own verbs, half of them signed in, ten to an owner; then
// measures the store from inside. Prints one line of JSON.

const ASKED = 20_000
const ASKED_BEFORE = 2000
const DEVICES = 10
const SAMPLED = 10_000
/** Writes under way at a time. */
const AT_ONCE = 200
const GUARD = { max: DEVICES, policy: 'evict-oldest', startedAt: Number.MAX_SAFE_INTEGER } as const
const LABEL = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

const [url, count] = process.argv.slice(2) as [string, string]
const sessions = Number(count)
const driver = redisDriver({ target: parseRedisUrl(url) })
const engine = new SessionEngine({ driver, ring: parseKeyRing(generateKey()), config: parseConfig({}) })
const admin = new Redis(url)

const empty = await usedMemory()
const { keys, owners } = await fill()
const bytesPerSession = (await usedMemory() - empty) / sessions
const read = await timed(async i => driver.read(keys[(i * 7919) % keys.length]!))
const devices = await timed(async i => driver.listByOwner(owners[(i * 7919) % owners.length]!))
console.log(JSON.stringify({ sessions, bytesPerSession, read, devices }))
await driver.dispose?.()
await admin.quit()

async function fill() {
  const keys: string[] = []
  const owners = new Set<string>()
  const every = Math.max(1, Math.floor(sessions / SAMPLED))
  for (let begin = 0; begin < sessions; begin += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, sessions - begin) }, async (_, offset) => {
      const i = begin + offset
      const owner = i % 2 ? `user-${Math.floor(i / (2 * DEVICES))}` : null
      const key = await add(owner)
      if (i % every < 2) keys.push(key)
      if (i % every < 2 && owner) owners.add(owner)
    }))
  }
  return { keys, owners: [...owners] }
}

async function add(owner: string | null): Promise<string> {
  const ticket = newTicket()
  const key = storeKeyOf(ticket.sid)
  const now = engine.clock()
  const record = engine.newRecord(ticket, { createdAt: now, label: LABEL, data: flatten({ value: crypto.randomUUID() }) }, owner === null ? undefined : { owner, remember: false })
  const meta = metaOf(record, now)
  if (owner === null) await driver.create(key, encodeRecord(record), meta)
  else await driver.enrol(key, encodeRecord(record), { ...meta, owner }, GUARD)
  return key
}

/** Microseconds for one question to the store, one after the other, at the median and for 99 of 100. */
async function timed(question: (index: number) => Promise<unknown>) {
  for (let index = 0; index < ASKED_BEFORE; index++) await question(index)
  const micros: number[] = []
  for (let index = 0; index < ASKED; index++) {
    const began = performance.now()
    await question(index)
    micros.push((performance.now() - began) * 1000)
  }
  micros.sort((a, b) => a - b)
  return { p50: micros[ASKED / 2]!, p99: micros[Math.floor(ASKED * 0.99)]! }
}

async function usedMemory(): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await admin.info('memory'))![1])
}
