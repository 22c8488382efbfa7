import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStorage } from 'unstorage'
import lruCache from 'unstorage/drivers/lru-cache'
import memory from 'unstorage/drivers/memory'
import type { AtomicDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { fsDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/fs'
import { lockedDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/locked'
import { memoryDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { redisDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis'
import { parseRedisUrl } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/connection'
import type { RedisTarget } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/redis/connection'
import { sqliteDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { HANG_MS } from './limits'
import { findRedis, startRedis } from './redis'

/** A kind of store under test. */
export interface StoreKind {
  readonly name: string
  /** Whether several drivers may use one store at the same time. */
  readonly shared: boolean
  readonly skip?: boolean
  /** Makes room for empty stores. `open` opens a driver on the store of that name; `dispose` removes all of them. */
  prepare(): Promise<{
    open(store?: string): AtomicDriver
    dispose(): Promise<void>
  }>
}

const redisProgram = findRedis()

/** Every kind of store. Where Redis is not installed, its tests are skipped with a warning. */
export const storeKinds: readonly StoreKind[] = [
  inProcess('memory', () => memoryDriver()),
  inFolder('SQLite', path => sqliteDriver({ path: `${path}.db` }), { shared: true }),
  { name: 'Redis', shared: true, skip: !redisProgram, prepare: prepareRedis },
  inProcess('unstorage memory', () => lockedDriver(memory())),
  inFolder('unstorage fs', path => lockedDriver(fsDriver(path)), { shared: false }),
  inProcess('unstorage lru-cache', () => lockedDriver(lruCache({ max: 10_000 }))),
]

function inProcess(name: string, open: () => AtomicDriver): StoreKind {
  return { name, shared: false, prepare: async () => ({ open, dispose: async () => {} }) }
}

function inFolder(name: string, open: (path: string) => AtomicDriver, { shared }: { shared: boolean }): StoreKind {
  return {
    name,
    shared,
    async prepare() {
      const folder = mkdtempSync(join(tmpdir(), 'cloakroom-store-'))
      return {
        open: (store = 'sessions') => open(join(folder, store)),
        dispose: async () => rmSync(folder, { recursive: true, force: true }),
      }
    },
  }
}

/** A server whose commands, by default, only time out if they hang. */
export function redisTarget(url: string, commandTimeout = HANG_MS): RedisTarget {
  return { ...parseRedisUrl(url), commandTimeout }
}

async function prepareRedis() {
  const server = await startRedis(redisProgram!)
  return {
    open: (store = 'sessions') => redisDriver({ target: redisTarget(`${server.url}?prefix=${store}`) }),
    dispose: () => server.dispose(),
  }
}

/** Closes a driver like an app does: by unmounting it. */
export async function close(driver: AtomicDriver): Promise<void> {
  await createStorage({ driver }).dispose()
}
