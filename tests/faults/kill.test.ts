import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { redisDriver } from '../../layers/session/server/drivers/redis'
import { parseRedisUrl } from '../../layers/session/server/drivers/redis/connection'
import { sqliteDriver } from '../../layers/session/server/drivers/sqlite'
import type { AtomicDriver } from '../../layers/session/server/engine/store'
import { spawnTypeScript } from '../support/child'
import { makeDirectory } from '../support/directory'
import type { RedisServer } from '../support/redis'
import { findRedis, startRedis } from '../support/redis'
import { rounds } from '../support/soak'

const ROUNDS = rounds(10, 200)
const WRITER = join(import.meta.dirname, 'writer.ts')
const ENROLLED_AT = 3
const LAST_VERSION = 4
const directory = makeDirectory()
const redisProgram = findRedis()

let server: RedisServer | undefined

afterEach(async () => {
  directory.remove()
  await server?.dispose()
})

/** What the store had acknowledged for each session when the writer was killed: its last version, or that it was removed. */
type Acknowledged = Map<string, number | 'removed'>

describe('a process that is killed while it writes', () => {
  it(`loses nothing that was acknowledged and brings no session back, ${ROUNDS} times in a row on one SQLite file`, async () => {
    const path = directory.path('sessions.db')
    const everything: Acknowledged = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      note(everything, await writeUntilKilled(`sqlite:${path}`, round))
      expect(integrityOf(path)).toBe('ok')
      await expectAllThere(sqliteDriver({ path }), latest(everything, round))
    }
    await expectAllThere(sqliteDriver({ path }), everything)
    expectEnough(everything)
  })

  it.skipIf(!redisProgram)(`loses nothing that was acknowledged and brings no session back, ${ROUNDS} times in a row on one Redis (E11)`, async () => {
    server = await startRedis(redisProgram!)
    const everything: Acknowledged = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      note(everything, await writeUntilKilled(server.url, round))
      await expectAllThere(openRedis(), latest(everything, round))
    }
    await expectAllThere(openRedis(), everything)
    expectEnough(everything)
  })

  it('leaves a file that is sound even if somebody then deletes what lies beside it (E14)', async () => {
    for (const suffixes of [['-shm'], ['-wal'], ['-wal', '-shm']]) {
      const path = directory.path(`without${suffixes.join('')}.db`)
      const acknowledged = await writeUntilKilled(`sqlite:${path}`, 5)
      for (const suffix of suffixes) rmSync(path + suffix)
      expect(integrityOf(path)).toBe('ok')
      // What was only in the WAL is gone with it; all else must still be there, and new writes must find their place.
      const driver = sqliteDriver({ path })
      if (!suffixes.includes('-wal')) await expectAllThere(driver, acknowledged)
      else await driver.dispose?.()
      note(acknowledged, await writeUntilKilled(`sqlite:${path}`, 6))
      await expectAllThere(sqliteDriver({ path }), latest(acknowledged, 6))
    }
  })
})

describe.skipIf(!redisProgram)('a Redis with "appendfsync always" that is killed while it is written to', () => {
  it(`loses nothing that was acknowledged and brings no session back, ${ROUNDS} times in a row`, async () => {
    server = await startRedis(redisProgram!, '--appendfsync', 'always')
    const everything: Acknowledged = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      note(everything, await writeUntilKilled(server.url, round, () => server!.kill()))
      await server.start()
      await expectAllThere(openRedis(), latest(everything, round))
    }
    await expectAllThere(openRedis(), everything)
    expectEnough(everything)
  })
})

function openRedis(): AtomicDriver {
  return redisDriver({ target: parseRedisUrl(server!.url) })
}

/** Lets a process write until it has been told so often that something is written. Then `strike` falls, by default on the process itself. */
async function writeUntilKilled(url: string, round: number, strike?: () => Promise<void>): Promise<Acknowledged> {
  const writer = spawnTypeScript(WRITER, url, prefixOf(round))
  const exited = once(writer, 'exit')
  const acknowledged: Acknowledged = new Map()
  const enough = 1 + round * 37 % 750
  let seen = 0
  for await (const line of createInterface(writer.stdout)) {
    const [key, state] = line.split(' ') as [string, string]
    acknowledged.set(key, state === 'removed' ? state : Number(state))
    if (++seen !== enough) continue
    await strike?.()
    writer.kill('SIGKILL')
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  expect(acknowledged.size).toBeGreaterThan(0)
  return acknowledged
}

async function expectAllThere(driver: AtomicDriver, acknowledged: Acknowledged) {
  for (const [key, state] of acknowledged) {
    const row = await driver.read(key)
    if (state === 'removed') expect(row, `${key} was removed`).toBeNull()
    // The write after the last acknowledged one may have reached the store, too: a later version, or the removal behind the last.
    else if (row) expect(row, key).toMatchObject({ value: `version ${row.version}` })
    else expect(await driver.endOf(key), `${key} was at version ${state}`).toMatchObject({ reason: 'signed_out' })
    if (state !== 'removed' && row) expect(row.version, key).toBeGreaterThanOrEqual(state)
    if (state !== 'removed' && !row) expect(state, key).toBe(LAST_VERSION)
    const owned = await driver.listByOwner(`owner of ${key}`)
    expect(owned.map(listed => listed.key), `the list of who owns ${key}`).toEqual(row && row.version >= ENROLLED_AT ? [key] : [])
  }
  await driver.dispose?.()
}

/** That the test has tested something. */
function expectEnough(acknowledged: Acknowledged) {
  const states = [...acknowledged.values()]
  expect(states.filter(state => state === 'removed').length).toBeGreaterThan(ROUNDS)
  expect(states.filter(state => state !== 'removed' && state >= ENROLLED_AT).length).toBeGreaterThan(ROUNDS)
}

function note(everything: Acknowledged, acknowledged: Acknowledged) {
  for (const [key, state] of acknowledged) everything.set(key, state)
}

function latest(everything: Acknowledged, round: number): Acknowledged {
  return new Map([...everything].filter(([key]) => key.startsWith(`${prefixOf(round)}-`)))
}

function prefixOf(round: number): string {
  return `round${round}`
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
