import { writeSync } from 'node:fs'
import { sqliteDriver } from '../../layers/session/server/drivers/sqlite.ts'

// Writes sessions without end and says so on its output, one line for each write that the store has acknowledged.
// `kill.test.ts` kills it in the middle of that, and then looks whether every line was true.

const [path, prefix] = process.argv.slice(2) as [string, string]
const driver = sqliteDriver({ path })
const SESSIONS_AT_ONCE = 20
let next = 0

await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, live))

async function live(): Promise<never> {
  for (;;) {
    const key = `${prefix}-${next++}`
    const now = Date.now()
    const meta = { owner: null, createdAt: now, lastSeenAt: now, idleTimeout: 3_600_000, expiresAt: now + 86_400_000 }
    await driver.create(key, 'version 1', meta)
    say(key, 1)
    for (let version = 1; version < 4; version++) {
      await driver.replace(key, `version ${version + 1}`, meta, version)
      say(key, version + 1)
    }
    if (next % 2 === 0) continue
    await driver.remove(key, Date.now(), 'signed_out')
    say(key, 'removed')
  }
}

/** Written at once, even if the reader is slow: a line that waits in a buffer would be lost with the process. */
function say(key: string, state: number | 'removed') {
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
