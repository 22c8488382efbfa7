import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createInterface } from 'node:readline'
import { openStore } from '../../layers/session/server/drivers/from-url.ts'
import type { AtomicDriver } from '../../layers/session/server/engine/store.ts'

/*
 * A SQLite store in a process of its own, so that a test can take the disk away from it. Reads a task a line, a verb of the
 * driver or one of those below with its arguments, and answers with a line of JSON. Ends with its standard input.
 */
const [path = ''] = process.argv.slice(2)
let driver: AtomicDriver

const tasks: Record<string, (...args: never[]) => unknown> = {
  ready: () => true,

  /** Perhaps at a moment that several processes wait for. */
  open(at = 0) {
    while (Date.now() < at);
    driver = openStore(`sqlite:${path}`, { mounted: () => undefined, warn: () => {} }).driver
  },
  /** Writes so often, without a pause. Returns how often it could. */
  async hammer(times: number) {
    const now = Date.now()
    const meta = { owner: null, createdAt: now, lastSeenAt: now, idleTimeout: 3_600_000, expiresAt: now + 86_400_000 }
    let written = 0
    while (written < times) await driver.create(`${process.pid}-${written++}`, 'value', meta)
    return written
  },
  mount: (options: string) => void execFileSync('mount', ['-o', options, dirname(path)]),
  integrity() {
    const db = new DatabaseSync(path)
    const verdict = db.prepare('PRAGMA integrity_check').all()
    db.close()
    return verdict
  },
}

for await (const line of createInterface(process.stdin)) {
  const [task, ...args] = JSON.parse(line) as [string, ...never[]]
  console.log(JSON.stringify(await perform(task, args)))
}

async function perform(task: string, args: never[]): Promise<unknown> {
  try {
    const verb = tasks[task] ?? driver[task as 'read'] as (...args: never[]) => unknown
    return { answer: await verb(...args) ?? null }
  }
  catch (error) {
    const { name, message } = error as Error
    return { error: `${name}: ${message}` }
  }
}
