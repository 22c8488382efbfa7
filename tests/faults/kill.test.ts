import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { sqliteDriver } from '../../layers/session/server/drivers/sqlite'
import { spawnTypeScript } from '../support/child'
import { makeDirectory } from '../support/directory'

const ROUNDS = Number(process.env.CLOAKROOM_KILL_ROUNDS ?? 20)
const WRITER = join(import.meta.dirname, 'writer.ts')
const directory = makeDirectory()

afterEach(directory.remove)

/** What the store had acknowledged for each session when the writer was killed: its last version, or that it was removed. */
type Acknowledged = Map<string, number | 'removed'>

async function writeUntilKilled(path: string, prefix: string, acknowledgements: number): Promise<Acknowledged> {
  const writer = spawnTypeScript(WRITER, path, prefix)
  const exited = once(writer, 'exit')
  const acknowledged: Acknowledged = new Map()
  let seen = 0
  for await (const line of createInterface(writer.stdout)) {
    const [key, state] = line.split(' ') as [string, string]
    acknowledged.set(key, state === 'removed' ? state : Number(state))
    if (++seen === acknowledgements) writer.kill('SIGKILL')
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  return acknowledged
}

async function expectAllThere(path: string, acknowledged: Acknowledged) {
  const driver = sqliteDriver({ path })
  for (const [key, state] of acknowledged) {
    const row = await driver.read(key)
    if (state === 'removed') expect(row, `${key} was removed`).toBeNull()
    // The write after the last acknowledged one may have reached the disk, too: a later version, or the removal behind the fourth.
    else if (row) expect(row, key).toMatchObject({ value: `version ${row.version}` })
    else expect(await driver.endOf(key), `${key} was at version ${state}`).toMatchObject({ reason: 'signed_out' })
    if (state !== 'removed' && row) expect(row.version, key).toBeGreaterThanOrEqual(state)
    if (state !== 'removed' && !row) expect(state, key).toBe(4)
  }
  await driver.dispose?.()
}

function integrityOf(path: string): unknown {
  const db = new DatabaseSync(path)
  try {
    return Object.values(db.prepare('PRAGMA integrity_check').get()!)[0]
  }
  finally {
    db.close()
  }
}

describe('a process that is killed while it writes', () => {
  it(`loses nothing that was acknowledged and brings no session back, ${ROUNDS} times in a row on one file`, async () => {
    const path = directory.path('sessions.db')
    const everything: Acknowledged = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      const acknowledged = await writeUntilKilled(path, `round${round}`, 1 + round * 37)
      expect(acknowledged.size).toBeGreaterThan(0)
      for (const [key, state] of acknowledged) everything.set(key, state)
      expect(integrityOf(path)).toBe('ok')
      await expectAllThere(path, everything)
    }
    expect([...everything.values()].filter(state => state === 'removed').length).toBeGreaterThan(ROUNDS)
  }, 10_000 + ROUNDS * 5000)
})
