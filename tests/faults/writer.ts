import { writeSync } from 'node:fs'
import { openSqlite } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/open-sqlite.ts'
import { openStore } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/open-store.ts'
import { openRedis } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis.ts'
import { StoreError } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store.ts'

// Writes sessions without end, and prints one line for each write that the store has acknowledged. `kill.test.ts` kills
// this process, or the store, during that, and then checks whether every line was true.

const [url, prefix] = process.argv.slice(2) as [string, string]
const { driver } = openStore(url, {
  openers: { sqlite: openSqlite, redis: openRedis },
  mounted: () => undefined,
  warn: () => {},
})
const PARALLEL_SESSIONS = 20
const HOUR_MS = 3_600_000
let next = 0

await Promise.all(Array.from({ length: PARALLEL_SESSIONS }, writeSessions))

/** Writes one session after another, until the store fails. */
async function writeSessions() {
  try {
    for (;;) await writeSession(next++)
  }
  catch (error) {
    if (!(error instanceof StoreError)) throw error
  }
}

/** Creates a session, changes it, signs it in, changes it again and, every second time, signs it out. */
async function writeSession(number: number) {
  const key = `${prefix}-${number}`
  const now = Date.now()
  const meta = { userId: null, createdAt: now, lastSeenAt: now, idleTimeout: HOUR_MS, expiresAt: now + 24 * HOUR_MS }
  const limit = { startedAt: now, max: 20, policy: 'evict-oldest' } as const
  await driver.create(key, 'version 1', meta)
  print(key, 1)
  await driver.replace(key, 'version 2', meta, 1)
  print(key, 2)
  await driver.assignUser(key, 'version 3', { ...meta, userId: `user of ${key}` }, limit, 2)
  print(key, 3)
  await driver.replace(key, 'version 4', meta, 3)
  print(key, 4)
  if (number % 2 === 0) return
  await driver.remove(key, Date.now(), 'signed_out')
  print(key, 'removed')
}

/** Synchronously, even if the reader is slow: a buffered line would be lost with the process. */
function print(key: string, state: number | 'removed') {
  for (;;) {
    try {
      writeSync(1, `${key} ${state}\n`)
      return
    }
    catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}
