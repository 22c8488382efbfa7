import { writeFileSync } from 'node:fs'
import { openDatabase } from '../../layers/session/server/drivers/sqlite/database'
import { sqliteDriver } from '../../layers/session/server/drivers/sqlite'
import { parseConfig } from '../../layers/session/server/engine/config'
import { SessionEngine } from '../../layers/session/server/engine/engine'
import { storeKeyOf } from '../../layers/session/server/engine/identity'
import { parseKeyRing } from '../../layers/session/server/engine/key-ring'
import { encodeRecord, flatten, metaOf } from '../../layers/session/server/engine/record'
import { newTicket, seal } from '../../layers/session/server/engine/seal'

// A program of its own: `seed.ts FILE COUNT EXPIRED KEY COOKIES`. Fills a database with so many live sessions and so many that ended an hour ago, writes
// cookies of some live ones, and measures the store from inside. Prints one line of JSON.

const COOKIES = 10_000
const ASKED = 20_000
const DEVICES = 10
const HOUR_MS = 3_600_000
const LABEL = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

const [path, count, expired, key, cookieFile] = process.argv.slice(2) as [string, string, string, string, string]
const config = parseConfig({})
const ring = parseKeyRing(key)

const { keys, cookies, owners } = fill(Number(count), Number(expired))
writeFileSync(cookieFile, cookies.join('\n'))
measure()

/** Rows as the engine's own verbs make them, in one transaction: the verbs themselves would take minutes. Half are signed in, ten to an owner. */
function fill(live: number, ended: number) {
  const { db, sql } = openDatabase(path)
  const engine = new SessionEngine({ driver: sqliteDriver({ path: `${path}.unused` }), ring, config })
  const every = Math.max(1, Math.floor(live / COOKIES))
  const keys: string[] = []
  const cookies: string[] = []
  const owners: string[] = []
  db.exec('PRAGMA synchronous = OFF; BEGIN')
  for (let i = 0; i < live + ended; i++) {
    const isLive = i < live
    const owner = i % 2 ? `user-${Math.floor(i / (2 * DEVICES))}` : null
    const now = Date.now() - (isLive ? 0 : 48 * HOUR_MS)
    const ticket = newTicket(now)
    const data = flatten({ value: crypto.randomUUID() })
    const record = { ...engine.newRecord(ticket, { createdAt: now, label: LABEL, data }, owner ? { owner, remember: false } : undefined) }
    if (!isLive) record.expiresAt = now + HOUR_MS
    const sid = storeKeyOf(ticket.sid)
    const { lastSeenAt, idleTimeout, expiresAt } = metaOf(record, now)
    sql.create.run(sid, owner, now, lastSeenAt, idleTimeout, expiresAt, encodeRecord(record))
    if (!isLive || i % every !== 0) continue
    keys.push(sid)
    cookies.push(`${config.cookieName}=${seal(ring, config.cookieName, ticket)}`)
    if (isLive && i + 2 * DEVICES < live) owners.push(`user-${Math.floor(i / (2 * DEVICES))}`)
  }
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  return { keys, cookies, owners }
}

function measure() {
  const opening = performance.now()
  const driver = sqliteDriver({ path })
  const openMs = performance.now() - opening
  const reads = timed(i => driver.read(keys[(i * 7919) % keys.length]!))
  const lists = timed(i => driver.listByOwner(owners[(i * 7919) % owners.length]!))
  console.log(JSON.stringify({ openMs, read: reads, devices: lists }))
  void driver.dispose?.()
}

/** Microseconds for one question to the store, at the median and for 99 of 100. */
function timed(question: (index: number) => unknown) {
  const micros = Array.from({ length: ASKED }, (_, index) => {
    const began = performance.now()
    question(index)
    return (performance.now() - began) * 1000
  }).sort((a, b) => a - b)
  return { p50: micros[ASKED / 2]!, p99: micros[Math.floor(ASKED * 0.99)]! }
}
