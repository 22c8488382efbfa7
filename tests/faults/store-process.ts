import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { AtomicDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store.ts'
import { openSqlite } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/open-sqlite.ts'
import { openStore } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/open-store.ts'

/*
 * A SQLite store in its own process, whose disk a test can limit. Reads one task per line: the name of a driver method
 * or of a task below, with its arguments, as a JSON array. Prints the result as a line of JSON. Exits when its standard
 * input is closed.
 */
const [path = ''] = process.argv.slice(2)
const HOUR_MS = 3_600_000
let driver: AtomicDriver

const tasks: Record<string, (...args: never[]) => unknown> = {
  ready: () => true,

  /** Opens the store, at a time for which several processes can wait. */
  open(at = 0) {
    while (Date.now() < at);
    const context = { openers: { sqlite: openSqlite }, mounted: () => undefined, warn: () => {} }
    driver = openStore(`sqlite:${path}`, context).driver
  },

  /** Creates this many sessions without a pause. Returns how many were created. */
  async createMany(count: number) {
    const now = Date.now()
    const meta = { userId: null, createdAt: now, lastSeenAt: now, idleTimeout: HOUR_MS, expiresAt: now + 24 * HOUR_MS }
    let created = 0
    while (created < count) await driver.create(`${process.pid}-${created++}`, 'value', meta)
    return created
  },

  mount(options: string) {
    execFileSync('mount', ['-o', options, dirname(path)])
  },

  integrity() {
    const db = new DatabaseSync(path)
    const verdict = db.prepare('PRAGMA integrity_check').all()
    db.close()
    return verdict
  },
}

for await (const line of createInterface(process.stdin)) {
  const [task, ...args] = JSON.parse(line) as [string, ...never[]]
  console.log(JSON.stringify(await run(task, args)))
}

async function run(task: string, args: never[]): Promise<unknown> {
  try {
    const method = tasks[task] ?? driver[task as 'read'] as (...args: never[]) => unknown
    return { result: await method(...args) ?? null }
  }
  catch (error) {
    const { name, message } = error as Error
    return { error: `${name}: ${message}` }
  }
}
