import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './free-port'
import { HANG_MS } from './limits'
import type { RedisServer } from './redis'
import { redisProcess, startRedis } from './redis'

const SLOTS = 16_384

/** Several Redis servers that act as one. */
export interface RedisGroup {
  /** As `NUXT_SESSION_STORE` takes it. */
  readonly url: string
  readonly servers: readonly RedisServer[]
  dispose(): Promise<void>
}

export interface RedisCluster extends RedisGroup {
  /** Moves the slot of a Redis key to the next server, as an administrator would, and calls `meanwhile` after each step. */
  moveSlot(name: string, meanwhile: () => Promise<void>): Promise<void>
}

/** A cluster without replicas, its slots shared out evenly. */
export async function startCluster(program: string, size = 2): Promise<RedisCluster> {
  const servers = await Promise.all(Array.from({ length: size }, () => startRedis(program, '--cluster-enabled', 'yes', '--cluster-node-timeout', '2000')))
  const clients = servers.map(({ port }) => new Redis(port))
  for (const [index, client] of clients.entries()) {
    await client.cluster('SET-CONFIG-EPOCH', index + 1)
    await client.call('CLUSTER', 'ADDSLOTSRANGE', Math.floor(index * SLOTS / size), Math.floor((index + 1) * SLOTS / size) - 1)
    await client.cluster('MEET', '127.0.0.1', servers[0]!.port)
  }
  await until(async () => (await Promise.all(clients.map(client => client.cluster('INFO')))).every(info => info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${size}`)))
  const ids = await Promise.all(clients.map(client => client.cluster('MYID')))
  const url = `redis://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}?cluster=1`
  return {
    url,
    servers,
    async moveSlot(name, meanwhile) {
      const slot = await clients[0]!.cluster('KEYSLOT', name)
      const from = Math.floor(slot * size / SLOTS)
      const to = (from + 1) % size
      await clients[to]!.cluster('SETSLOT', slot, 'IMPORTING', ids[from]!)
      await clients[from]!.cluster('SETSLOT', slot, 'MIGRATING', ids[to]!)
      await meanwhile()
      const keys = await clients[from]!.cluster('GETKEYSINSLOT', slot, 100)
      await clients[from]!.migrate('127.0.0.1', servers[to]!.port, '', 0, 1000, 'KEYS', ...keys)
      await meanwhile()
      for (const client of [clients[to]!, clients[from]!]) await client.cluster('SETSLOT', slot, 'NODE', ids[to]!)
      await meanwhile()
    },
    async dispose() {
      for (const client of clients) client.disconnect()
      await disposeAll(servers)
    },
  }
}

/** A primary, its replica, and a sentinel that makes the one the other when the primary is gone. */
export async function startSentinel(program: string): Promise<RedisGroup> {
  const primary = await startRedis(program, '--repl-diskless-sync-delay', '0')
  const replica = await startRedis(program, '--replicaof', '127.0.0.1', `${primary.port}`)
  await asked(replica.port, async client => (await client.info('replication')).includes('master_link_status:up'))
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-sentinel-'))
  const port = await freePort()
  const config = join(folder, 'sentinel.conf')
  writeFileSync(config, [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor main 127.0.0.1 ${primary.port} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 2000',
  ].join('\n'))
  const sentinel = redisProcess(program, [config, '--sentinel'])
  await sentinel.start()
  await asked(port, async client => (await client.call('SENTINEL', 'REPLICAS', 'main') as string[][]).some(replica => replica.join(' ').includes('master-link-status ok')))
  return {
    url: `redis://127.0.0.1:${port}?sentinel=main`,
    servers: [primary, replica],
    async dispose() {
      await sentinel.kill()
      await disposeAll([primary, replica])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Asks a server until it says yes. */
async function asked(port: number, question: (client: Redis) => Promise<boolean>) {
  const client = new Redis(port)
  await until(() => question(client))
  client.disconnect()
}

async function until(condition: () => Promise<boolean>) {
  const end = performance.now() + HANG_MS
  while (!await condition()) {
    if (performance.now() > end) throw new Error('the servers did not find together')
    await pause(50) // What servers do among themselves is no event here.
  }
}

async function disposeAll(servers: readonly RedisServer[]) {
  await Promise.all(servers.map(server => server.dispose()))
}
