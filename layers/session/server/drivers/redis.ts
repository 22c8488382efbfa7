import { Redis } from 'ioredis'
import type { Clock } from '../engine/clock'
import type { AtomicDriver, EndReason, ListedRecord, Replacement, StoredRecord } from '../engine/store'
import { StoreError } from '../engine/store'
import type { RedisTarget } from './redis/connection'
import { connect } from './redis/connection'
import { redisKeys } from './redis/keys'
import { ownerIndex } from './redis/owners'
import { defineScripts } from './redis/scripts'
import { serverClock } from './redis/server-clock'
import { whenReady } from './redis/readiness'

const SCAN_COUNT = 500

export interface RedisDriverOptions {
  readonly target: RedisTarget
  /** Where warnings go, such as an eviction policy that drops sessions. */
  readonly warn?: (message: string) => void
  /** For tests. Default: the server's own clock. */
  readonly clock?: Clock
}

/**
 * Sessions in Redis or Valkey, for many app servers: alone, behind Sentinel, or in a Cluster. Durable as the server's own
 * settings make it (`appendonly yes`, `appendfsync always` for no loss at all).
 *
 * A command that is not answered within 500 ms fails, and so does every command while there is no connection.
 */
export function redisDriver({ target, warn = () => {}, clock: ownClock }: RedisDriverOptions): AtomicDriver {
  const client = connect(target)
  const connection = whenReady(client, warn)
  const server = serverClock(client)
  const clock = ownClock ?? server.clock
  const keys = redisKeys(target.prefix)
  const run = defineScripts(client)
  const owners = ownerIndex(client, run, keys, clock)
  const session = (key: string) => [keys.session(key)]

  async function ask<T>(question: () => Promise<T>): Promise<T> {
    if (!connection.isReady()) await connection.ready()
    try {
      return await question()
    }
    catch (error) {
      throw new StoreError('redis', 'did not answer as expected', { cause: connection.lastError() ?? error })
    }
  }

  async function namesOf(base: string): Promise<string[]> {
    const nodes = client instanceof Redis ? [client] : client.nodes('master')
    const names: string[] = []
    for (const node of nodes) {
      for await (const batch of node.scanStream({ match: `${keys.session(escapePattern(base))}*`, count: SCAN_COUNT })) names.push(...batch as string[])
    }
    return names
  }

  async function liveNamesOf(base: string): Promise<string[]> {
    const names = await namesOf(base)
    const live = await Promise.all(names.map(name => client.hexists(name, 'v')))
    return names.filter((_, i) => live[i] === 1)
  }

  return {
    name: 'session-redis',
    atomicity: 'cross-process',
    clock,
    read: key => ask(async () => stored(await client.hmget(keys.session(key), 'v', 'n', 't'))),
    create: (key, value, { owner, lastSeenAt, idleTimeout, expiresAt }) => ask(async () => {
      const [outcome] = await Promise.all([
        run('sessionCreate', session(key), value, owner ?? '', lastSeenAt, idleTimeout, expiresAt),
        client.zadd(keys.anonymous, 'NX', expiresAt, key),
      ])
      return outcome === 'written'
    }),
    replace: (key, value, { lastSeenAt, idleTimeout, expiresAt }, expectedVersion) => ask(async () => {
      const [outcome] = await run('sessionReplace', session(key), value, '', lastSeenAt, idleTimeout, expiresAt, expectedVersion) as [string]
      return outcome === 'written' ? 'replaced' : outcome as Replacement
    }),
    enrol: (...args) => ask(() => owners.enrol(...args)),
    touch: (key, lastSeenAt) => ask(async () => await run('sessionTouch', session(key), lastSeenAt) === 1),
    remove: (key, removedAt, reason) => ask(() => owners.remove(key, removedAt, reason)),
    endOf: key => ask(async () => {
      const [reason, at] = await client.hmget(keys.session(key), 'r', 'e')
      return reason ? { reason: reason as EndReason, at: Number(at) } : null
    }),
    removeByOwner: (owner, removedAt, except) => ask(() => owners.removeByOwner(owner, removedAt, except)),
    listByOwner: owner => ask(async () => {
      const members = await client.zrange(keys.index(owner), 0, -1, 'REV')
      const rows = await Promise.all(members.map(key => client.hmget(keys.session(key), 'v', 'n', 't')))
      return members.flatMap((key, i) => listed(key, stored(rows[i]!)))
    }),
    // Redis drops ended sessions and tombstones by itself; only the list of anonymous ones needs it said.
    sweep: now => ask(async () => {
      await client.zremrangebyscore(keys.anonymous, '-inf', now)
      return 0
    }),
    trimAnonymous: (max, limit) => ask(async () => {
      const surplus = Math.min(await client.zcard(keys.anonymous) - max, limit)
      if (surplus <= 0) return 0
      const oldest = await client.zrange(keys.anonymous, 0, surplus - 1)
      await Promise.all(oldest.map(key => run('sessionDropAnonymous', session(key))))
      return client.zrem(keys.anonymous, ...oldest)
    }),
    getItem: key => ask(() => client.hget(keys.session(key), 'v')),
    hasItem: key => ask(async () => await client.hexists(keys.session(key), 'v') === 1),
    setItem: (key, value) => ask(async () => {
      await client.multi().del(keys.session(key)).hset(keys.session(key), { v: value, n: 1, o: '', t: 0, i: NEVER, x: NEVER }).exec()
    }),
    removeItem: key => ask(async () => void await client.del(keys.session(key))),
    getKeys: base => ask(async () => (await liveNamesOf(base)).map(keys.parse)),
    clear: base => ask(async () => {
      await Promise.all((await namesOf(base)).map(name => client.del(name)))
    }),
    async dispose() {
      server.stop()
      await connection.close()
    },
  }
}

const NEVER = Number.MAX_SAFE_INTEGER

function stored([value, version, lastSeenAt]: (string | null)[]): StoredRecord | null {
  return typeof value === 'string' ? { value, version: Number(version), lastSeenAt: Number(lastSeenAt) } : null
}

function listed(key: string, row: StoredRecord | null): ListedRecord[] {
  return row ? [{ key, ...row }] : []
}

function escapePattern(text: string): string {
  return text.replace(/[[\]*?\\]/g, '\\$&')
}
