import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { freePort } from './free-port'
import { HANG_MS } from './limits'
import type { RedisServer } from './redis'
import { redisProcess, startRedis } from './redis'

const SLOTS = 16_384

/** Several Redis servers that act as one. */
export interface RedisGroup {
  /** For `NUXT_CLOAKROOM_STORE`. */
  readonly url: string
  readonly servers: readonly RedisServer[]
  dispose(): Promise<void>
}

export interface RedisCluster extends RedisGroup {
  /** Moves the slot of a Redis key to the next server, like an administrator, and calls `afterStep` after each step. */
  moveSlot(name: string, afterStep: () => Promise<void>): Promise<void>
}

/** Starts a cluster without replicas, with the slots distributed evenly. */
export async function startCluster(program: string, size = 2): Promise<RedisCluster> {
  const options = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(HANG_MS)]
  const servers = await Promise.all(Array.from({ length: size }, () => startRedis(program, ...options)))
  const clients = servers.map(({ port }) => new Redis(port))
  const firstSlotOf = (index: number) => Math.floor(index * SLOTS / size)
  for (const [index, client] of clients.entries()) {
    await client.cluster('SET-CONFIG-EPOCH', index + 1)
    await client.call('CLUSTER', 'ADDSLOTSRANGE', firstSlotOf(index), firstSlotOf(index + 1) - 1)
    await client.cluster('MEET', '127.0.0.1', servers[0]!.port)
  }
  await until(async () => {
    const infos = await Promise.all(clients.map(client => client.cluster('INFO')))
    return infos.every(info => info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${size}`))
  })
  const ids = await Promise.all(clients.map(client => client.cluster('MYID')))
  return {
    url: `redis://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}?cluster=1`,
    servers,
    async moveSlot(name, afterStep) {
      const slot = await clients[0]!.cluster('KEYSLOT', name)
      const from = Math.floor(slot * size / SLOTS)
      const to = (from + 1) % size
      await clients[to]!.cluster('SETSLOT', slot, 'IMPORTING', ids[from]!)
      await clients[from]!.cluster('SETSLOT', slot, 'MIGRATING', ids[to]!)
      await afterStep()
      const keys = await clients[from]!.cluster('GETKEYSINSLOT', slot, 100)
      await clients[from]!.migrate('127.0.0.1', servers[to]!.port, '', 0, HANG_MS, 'KEYS', ...keys)
      await afterStep()
      for (const client of [clients[to]!, clients[from]!]) await client.cluster('SETSLOT', slot, 'NODE', ids[to]!)
      await afterStep()
    },
    async dispose() {
      for (const client of clients) client.disconnect()
      await disposeAll(servers)
    },
  }
}

/**
 * Starts a primary, its replica, and a sentinel that promotes the replica when the primary is down.
 *
 * @param password of the sentinel; without it anyone may ask it
 */
export async function startSentinel(program: string, password?: string): Promise<RedisGroup> {
  const primary = await startRedis(program, '--repl-diskless-sync-delay', '0')
  const replica = await startRedis(program, '--replicaof', '127.0.0.1', `${primary.port}`)
  await untilServer(replica.port, async (client) => {
    const info = await client.info('replication')
    return info.includes('master_link_status:up')
  })
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
    ...(password === undefined ? [] : [`requirepass ${password}`]),
  ].join('\n'))
  const sentinel = redisProcess(program, [config, '--sentinel'])
  await sentinel.start()
  await untilServer(port, async (client) => {
    const replicas = await client.call('SENTINEL', 'REPLICAS', 'main') as string[][]
    return replicas.some(fields => fields.join(' ').includes('master-link-status ok'))
  }, password)
  const query = password === undefined ? '' : `&sentinelPassword=${encodeURIComponent(password)}`
  return {
    url: `redis://127.0.0.1:${port}?sentinel=main${query}`,
    servers: [primary, replica],
    async dispose() {
      await sentinel.kill()
      await disposeAll([primary, replica])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Polls a server until it meets the condition. */
async function untilServer(port: number, condition: (client: Redis) => Promise<boolean>, password?: string) {
  const client = new Redis({ port, ...(password === undefined ? {} : { password }) })
  await until(() => condition(client))
  client.disconnect()
}

async function until(condition: () => Promise<boolean>) {
  const deadline = performance.now() + HANG_MS
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error('The Redis servers did not form a group.')
    await sleep(50) // Redis emits no event for what its servers agree on.
  }
}

async function disposeAll(servers: readonly RedisServer[]) {
  await Promise.all(servers.map(server => server.dispose()))
}
