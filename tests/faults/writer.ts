import { writeSync } from 'node:fs'
import { openStore } from '../../layers/session/server/drivers/from-url.ts'
import { StoreError } from '../../layers/session/server/engine/store.ts'

// Writes sessions without end and says so on its output, one line for each write that the store has acknowledged.
// `kill.test.ts` kills it, or the store, in the middle of that, and then looks whether every line was true.

const [url, prefix] = process.argv.slice(2) as [string, string]
const { driver } = openStore(url, { mounted: () => undefined, warn: () => {} })
const SESSIONS_AT_ONCE = 20
let next = 0

await Promise.all(Array.from({ length: SESSIONS_AT_ONCE }, live))

/** One session after another: anonymous, changed, signed in, changed again, and every second one signed out. Ends when the store does. */
async function live() {
  try {
    for (;;) await liveOnce(next++)
  }
  catch (error) {
    if (!(error instanceof StoreError)) throw error
  }
}

async function liveOnce(number: number) {
  const key = `${prefix}-${number}`
  const now = Date.now()
  const meta = { owner: null, createdAt: now, lastSeenAt: now, idleTimeout: 3_600_000, expiresAt: now + 86_400_000 }
  const guard = { startedAt: now, max: 20, policy: 'evict-oldest' } as const
  await driver.create(key, 'version 1', meta)
  say(key, 1)
  await driver.replace(key, 'version 2', meta, 1)
  say(key, 2)
  await driver.enrol(key, 'version 3', { ...meta, owner: `owner of ${key}` }, guard, 2)
  say(key, 3)
  await driver.replace(key, 'version 4', meta, 3)
  say(key, 4)
  if (number % 2 === 0) return
  await driver.remove(key, Date.now(), 'signed_out')
  say(key, 'removed')
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
