import { writeFileSync } from 'node:fs'
import { openDatabase } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite/database'
import { sqliteDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { parseConfig } from '../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import { storeKeyOf, newSessionCookie, seal } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { parseKeyRing } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { flatten } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/plain-data'
import { encodeRecord, metaOf } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/record'

// A separate program: `seed.ts FILE COUNT EXPIRED KEY COOKIES`. Fills a database with this many active and expired
// sessions, writes the cookies of some active ones to a file, and measures the store in this process. Prints one line
// of JSON.

const COOKIES = 10_000
const CALLS = 20_000
const DEVICES = 10
const HOUR_MS = 3_600_000
const LABEL = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

const [path, count, expired, key, cookieFile] = process.argv.slice(2) as [string, string, string, string, string]
const config = parseConfig({})
const ring = parseKeyRing(key)

const { keys, cookies, userIds } = fill(Number(count), Number(expired))
writeFileSync(cookieFile, cookies.join('\n'))
measure()

/**
 * Inserts rows like those of the engine, in one transaction, because calls to the engine would take minutes. Half of
 * the sessions are signed in, ten per user.
 */
function fill(active: number, expired: number) {
  const { db, sql } = openDatabase(path)
  const engine = new SessionEngine({ driver: sqliteDriver({ path: `${path}.unused` }), ring, config })
  const every = Math.max(1, Math.floor(active / COOKIES))
  const keys: string[] = []
  const cookies: string[] = []
  const userIds: string[] = []
  db.exec('PRAGMA synchronous = OFF; BEGIN')
  for (let i = 0; i < active + expired; i++) {
    const isActive = i < active
    const userId = i % 2 ? `user-${Math.floor(i / (2 * DEVICES))}` : null
    const now = Date.now() - (isActive ? 0 : 48 * HOUR_MS)
    const cookie = newSessionCookie(now)
    const data = flatten({ value: crypto.randomUUID() })
    const record = {
      ...engine.newRecord(
        cookie,
        { createdAt: now, label: LABEL, data },
        userId ? { userId, remember: false } : undefined,
      ),
    }
    if (!isActive) record.expiresAt = now + HOUR_MS
    const sid = storeKeyOf(cookie.sid)
    const { lastSeenAt, idleTimeout, expiresAt } = metaOf(record, now)
    sql.create.run(sid, userId, now, lastSeenAt, idleTimeout, expiresAt, encodeRecord(record))
    if (!isActive || i % every !== 0) continue
    keys.push(sid)
    cookies.push(`${config.cookieName}=${seal(ring, config.cookieName, cookie)}`)
    if (i + 2 * DEVICES < active) userIds.push(`user-${Math.floor(i / (2 * DEVICES))}`)
  }
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  return { keys, cookies, userIds }
}

function measure() {
  const opening = performance.now()
  const driver = sqliteDriver({ path })
  const openMs = performance.now() - opening
  const reads = timed(i => driver.read(keys[(i * 7919) % keys.length]!))
  const lists = timed(i => driver.listByUser(userIds[(i * 7919) % userIds.length]!))
  console.log(JSON.stringify({ openMs, read: reads, devices: lists }))
  void driver.dispose?.()
}

/** Microseconds per call to the store: the median and the 99th percentile. */
function timed(call: (index: number) => unknown) {
  const micros = Array.from({ length: CALLS }, (_, index) => {
    const start = performance.now()
    call(index)
    return (performance.now() - start) * 1000
  }).sort((a, b) => a - b)
  return { p50: micros[CALLS / 2]!, p99: micros[Math.floor(CALLS * 0.99)]! }
}
