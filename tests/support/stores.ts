import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStorage } from 'unstorage'
import lruCache from 'unstorage/drivers/lru-cache'
import memory from 'unstorage/drivers/memory'
import { fsDriver } from '../../layers/session/server/drivers/fs'
import { lockedDriver } from '../../layers/session/server/drivers/locked'
import { memoryDriver } from '../../layers/session/server/drivers/memory'
import { redisDriver } from '../../layers/session/server/drivers/redis'
import { parseRedisUrl } from '../../layers/session/server/drivers/redis/connection'
import { sqliteDriver } from '../../layers/session/server/drivers/sqlite'
import type { AtomicDriver } from '../../layers/session/server/engine/store'
import { HANG_MS } from './limits'
import { findRedis, startRedis } from './redis'

/** A kind of store under test. */
export interface StoreKind {
  readonly name: string
  /** Whether several drivers may work on one store at a time. */
  readonly shared: boolean
  readonly skip?: boolean
  /** Makes room for empty stores; the result opens drivers on one of them, and clears up. */
  prepare(): Promise<{
    open(store?: string): AtomicDriver
    dispose(): Promise<void>
  }>
}

const redisProgram = findRedis()

/** Every store there is, Redis left out loudly where it is not installed. */
export const storeKinds: readonly StoreKind[] = [
  inProcess('memory', () => memoryDriver()),
  { name: 'SQLite', shared: true, prepare: async () => inFolder((folder, store) => sqliteDriver({ path: join(folder, `${store}.db`) })) },
  { name: 'Redis', shared: true, skip: !redisProgram, prepare: prepareRedis },
  inProcess('unstorage memory', () => lockedDriver(memory())),
  { name: 'unstorage fs', shared: false, prepare: async () => inFolder((folder, store) => lockedDriver(fsDriver(join(folder, store)))) },
  inProcess('unstorage lru-cache', () => lockedDriver(lruCache({ max: 10_000 }))),
]

function inProcess(name: string, open: () => AtomicDriver): StoreKind {
  return { name, shared: false, prepare: async () => ({ open, dispose: async () => {} }) }
}

function inFolder(open: (folder: string, store: string) => AtomicDriver) {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-store-'))
  return {
    open: (store = 'sessions') => open(folder, store),
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function prepareRedis() {
  const server = await startRedis(redisProgram!)
  return {
    open: (store = 'sessions') => redisDriver({ target: { ...parseRedisUrl(`${server.url}?prefix=${store}`), commandTimeout: HANG_MS } }),
    dispose: () => server.dispose(),
  }
}

/** Closes a driver as an app does: by unmounting it. */
export async function close(driver: AtomicDriver): Promise<void> {
  await createStorage({ driver }).dispose()
}
