import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import type { AtomicDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { redisDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { parseRedisUrl } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/connection'
import { sqliteDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { spawnTypeScript } from '../support/child'
import { makeDirectory } from '../support/directory'
import type { RedisServer } from '../support/redis'
import { findRedis, startRedis } from '../support/redis'
import { rounds } from '../support/limits'

const ROUNDS = rounds(10, 200)
const WRITER = join(import.meta.dirname, 'writer.ts')
/** The version of a session that is assigned to a user, and its last version before it is removed. */
const SIGNED_IN_VERSION = 3
const LAST_VERSION = 4
const directory = makeDirectory()
const redisProgram = findRedis()

let server: RedisServer | undefined

afterEach(async () => {
  directory.remove()
  await server?.dispose()
})

/** The last acknowledged write of each session when the writer was killed: its version, or that it was removed. */
type Acknowledged = Map<string, number | 'removed'>

const LOSES_NOTHING = `loses no acknowledged write and restores no removed session (${ROUNDS} rounds)`

describe('a process that is killed while it writes to a SQLite file', () => {
  it(LOSES_NOTHING, async () => {
    const path = directory.path('sessions.db')
    const all: Acknowledged = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      merge(all, await writeUntilKilled(`sqlite:${path}`, round))
      expect(integrityOf(path)).toBe('ok')
      await expectAllStored(sqliteDriver({ path }), ofRound(all, round))
    }
    await expectAllStored(sqliteDriver({ path }), all)
    expectEnough(all)
  })

  it('leaves an intact file even if its WAL or shared memory is deleted afterwards', async () => {
    for (const suffixes of [['-shm'], ['-wal'], ['-wal', '-shm']]) {
      const path = directory.path(`without${suffixes.join('')}.db`)
      const acknowledged = await writeUntilKilled(`sqlite:${path}`, 5)
      for (const suffix of suffixes) rmSync(path + suffix)
      expect(integrityOf(path)).toBe('ok')
      // What was only in the WAL is lost with it. Everything else must be stored, and new writes must work.
      const driver = sqliteDriver({ path })
      if (!suffixes.includes('-wal')) await expectAllStored(driver, acknowledged)
      else await driver.dispose?.()
      merge(acknowledged, await writeUntilKilled(`sqlite:${path}`, 6))
      await expectAllStored(sqliteDriver({ path }), ofRound(acknowledged, 6))
    }
  })
})

describe.skipIf(!redisProgram)('a process that is killed while it writes to Redis', () => {
  it(LOSES_NOTHING, async () => {
    server = await startRedis(redisProgram!)
    const all: Acknowledged = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      merge(all, await writeUntilKilled(server.url, round))
      await expectAllStored(openRedis(), ofRound(all, round))
    }
    await expectAllStored(openRedis(), all)
    expectEnough(all)
  })
})

describe.skipIf(!redisProgram)('a Redis server with "appendfsync always" that is killed while it is written to', () => {
  it(LOSES_NOTHING, async () => {
    server = await startRedis(redisProgram!, '--appendfsync', 'always')
    const all: Acknowledged = new Map()
    for (let round = 0; round < ROUNDS; round++) {
      merge(all, await writeUntilKilled(server.url, round, () => server!.kill()))
      await server.start()
      await expectAllStored(openRedis(), ofRound(all, round))
    }
    await expectAllStored(openRedis(), all)
    expectEnough(all)
  })
})

function openRedis(): AtomicDriver {
  return redisDriver({ target: parseRedisUrl(server!.url) })
}

/** Lets a process write until a number of writes is acknowledged. Then calls `killStore`, and kills the process. */
async function writeUntilKilled(url: string, round: number, killStore?: () => Promise<void>): Promise<Acknowledged> {
  const writer = spawnTypeScript(WRITER, url, prefixOf(round))
  const exited = once(writer, 'exit')
  const acknowledged: Acknowledged = new Map()
  const target = 1 + round * 37 % 750
  let lines = 0
  for await (const line of createInterface(writer.stdout)) {
    const [key, state] = line.split(' ') as [string, string]
    acknowledged.set(key, state === 'removed' ? state : Number(state))
    if (++lines !== target) continue
    await killStore?.()
    writer.kill('SIGKILL')
  }
  expect(await exited).toEqual([null, 'SIGKILL'])
  expect(acknowledged.size).toBeGreaterThan(0)
  return acknowledged
}

async function expectAllStored(driver: AtomicDriver, acknowledged: Acknowledged) {
  for (const [key, state] of acknowledged) {
    const row = await driver.read(key)
    if (state === 'removed') expect(row, `${key} was removed`).toBeNull()
    // The write after the last acknowledged one may be stored as well: a later version, or the removal.
    else if (row) expect(row, key).toMatchObject({ value: `version ${row.version}` })
    else {
      const tombstone = await driver.readTombstone(key)
      expect(tombstone, `${key} was at version ${state}`).toMatchObject({ reason: 'signed_out' })
    }
    if (state !== 'removed' && row) expect(row.version, key).toBeGreaterThanOrEqual(state)
    if (state !== 'removed' && !row) expect(state, key).toBe(LAST_VERSION)
    const listed = (await driver.listByUser(`user of ${key}`)).map(record => record.key)
    const isSignedIn = row && row.version >= SIGNED_IN_VERSION
    expect(listed, `the sessions of the user of ${key}`).toEqual(isSignedIn ? [key] : [])
  }
  await driver.dispose?.()
}

/** Asserts that the test covered removed sessions and sessions of users. */
function expectEnough(acknowledged: Acknowledged) {
  const states = [...acknowledged.values()]
  const removed = states.filter(state => state === 'removed')
  const signedIn = states.filter(state => state !== 'removed' && state >= SIGNED_IN_VERSION)
  expect(removed.length).toBeGreaterThan(ROUNDS)
  expect(signedIn.length).toBeGreaterThan(ROUNDS)
}

function merge(all: Acknowledged, acknowledged: Acknowledged) {
  for (const [key, state] of acknowledged) all.set(key, state)
}

function ofRound(all: Acknowledged, round: number): Acknowledged {
  return new Map([...all].filter(([key]) => key.startsWith(`${prefixOf(round)}-`)))
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
