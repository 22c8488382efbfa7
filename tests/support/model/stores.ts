import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Driver } from 'unstorage'
import memory from 'unstorage/drivers/memory'
import type { AtomicDriver, Clock } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { fsDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/fs'
import { lockedDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/locked'
import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { redisDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { sqliteDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { findRedis, startRedis } from '../redis'
import { close, redisTarget } from '../stores'

/** A store that survives the end of the processes which use it. */
export interface ModelStore {
  readonly name: string
  /** How many processes use it at the same time. */
  readonly processes: number
  /**
   * Whether a sweep deletes what has expired. Redis deletes it automatically, by a clock that the tests do not set, and
   * when a user signs in who has as many sessions as allowed.
   */
  readonly isSwept: boolean
  /** Whether a sign-out everywhere still defeats a sign-in that began before, after a process has ended. */
  readonly remembersRevocations: boolean
  readonly skip?: boolean
  prepare(): Promise<PreparedStore>
}

export interface PreparedStore {
  open(clock: Clock): AtomicDriver
  /** Ends the use of a driver, as the end of its process would. The store stays as it is. */
  close(driver: AtomicDriver): Promise<void>
  /** Removes the store. */
  dispose(): Promise<void>
}

const redisProgram = findRedis()
const SWEPT = { isSwept: true, remembersRevocations: true }
/** A process keeps in memory when users were signed out everywhere, and no other process uses the store. */
const LOCKED = { isSwept: true, remembersRevocations: false }

/** Every store that has code of its own. Where Redis is not installed, its tests are skipped with a warning. */
export const modelStores: readonly ModelStore[] = [
  { name: 'memory', processes: 1, ...SWEPT, prepare: async () => inProcess(memoryDriver()) },
  { name: 'SQLite', processes: 2, ...SWEPT, prepare: prepareSqlite },
  { name: 'Redis', processes: 3, ...SWEPT, isSwept: false, skip: !redisProgram, prepare: prepareRedis },
  { name: 'unstorage fs', processes: 1, ...LOCKED, prepare: prepareFolder },
  { name: 'a mounted unstorage driver', processes: 1, ...LOCKED, prepare: async () => locked(memory()) },
]

function inProcess(driver: AtomicDriver): PreparedStore {
  return { open: () => driver, close: async () => {}, dispose: async () => {} }
}

function locked(driver: Driver, dispose = async () => {}): PreparedStore {
  return { open: () => lockedDriver(driver), close: async () => {}, dispose }
}

async function prepareFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-model-'))
  return locked(fsDriver(folder), async () => rmSync(folder, { recursive: true, force: true }))
}

async function prepareSqlite() {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-model-'))
  return {
    open: () => sqliteDriver({ path: join(folder, 'sessions.db') }),
    close,
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function prepareRedis() {
  const server = await startRedis(redisProgram!)
  return {
    open: (clock: Clock) => redisDriver({ target: redisTarget(server.url), clock }),
    close,
    dispose: () => server.dispose(),
  }
}
