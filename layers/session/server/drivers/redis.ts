import type { Clock } from '../engine/clock'
import type { AtomicDriver, EndReason, Replacement } from '../engine/store'
import { anonymousList } from './redis/anonymous'
import type { RedisTarget } from './redis/connection'
import { connect, connectSubscriber } from './redis/connection'
import { redisFailure } from './redis/failure'
import { redisKeys } from './redis/keys'
import { RedisNews } from './redis/news'
import { ownerIndex, stored } from './redis/owners'
import { plainVerbs } from './redis/plain-verbs'
import { whenReady } from './redis/readiness'
import { defineScripts } from './redis/scripts'
import { serverClock } from './redis/server-clock'

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
  const server = serverClock(client)
  const connection = whenReady(client, { prepare: server.measure, warn })
  const clock = ownClock ?? server.clock
  const keys = redisKeys(target)
  const run = defineScripts(client)
  const anonymous = anonymousList(client, run, keys)
  const news = new RedisNews({ client, channel: keys.news, open: () => connectSubscriber(target, client), parse: keys.parse, warn })
  const owners = ownerIndex(client, run, keys, clock, { leaveAnonymous: anonymous.leave, announce: owner => news.announce(owner) })

  async function ask<T>(question: () => Promise<T>): Promise<T> {
    if (!connection.isReady()) await connection.ready()
    try {
      return await question()
    }
    catch (error) {
      throw redisFailure(error)
    }
  }

  return {
    name: 'session-redis',
    atomicity: 'cross-process',
    hasDeadline: true,
    clock,
    clockLag: ownClock ? undefined : server.lag,
    read: key => ask(async () => stored(await client.hmget(keys.session(key), 'v', 'n', 't'))),
    create: (key, value, meta) => ask(async () => {
      const create = run('sessionCreate', [keys.session(key)], value, '', '', meta.lastSeenAt, meta.idleTimeout, meta.expiresAt)
      const [outcome] = await Promise.all([create, anonymous.enter(key, meta)])
      return outcome === 'written'
    }),
    replace: (key, value, { owner, lastSeenAt, idleTimeout, expiresAt }, expectedVersion) => ask(async () => {
      const replace = run('sessionReplace', [keys.session(key)], value, '', '', lastSeenAt, idleTimeout, expiresAt, expectedVersion)
      const extend = owner === null && anonymous.extend(key, Math.min(lastSeenAt + idleTimeout, expiresAt))
      const [[outcome]] = await Promise.all([replace, extend]) as [[string], unknown]
      return outcome === 'written' ? 'replaced' : outcome as Replacement
    }),
    enrol: (...args) => ask(() => owners.enrol(...args)),
    touch: (key, lastSeenAt) => ask(async () => {
      const [alive, end] = await run('sessionTouch', [keys.session(key)], lastSeenAt) as [number, string?]
      if (end !== undefined) await anonymous.extend(key, Number(end))
      return alive === 1
    }),
    remove: (key, removedAt, reason) => ask(() => owners.remove(key, removedAt, reason)),
    endOf: key => ask(async () => {
      const [reason, at] = await client.hmget(keys.session(key), 'r', 'e')
      return reason ? { reason: reason as EndReason, at: Number(at) } : null
    }),
    removeByOwner: (owner, removedAt, except) => ask(() => owners.removeByOwner(owner, removedAt, except)),
    listByOwner: owner => ask(() => owners.list(owner)),
    // Redis drops ended sessions and tombstones by itself; only the list of anonymous ones needs it said.
    sweep: (now, limit) => ask(() => anonymous.sweep(now, limit)),
    trimAnonymous: (max, limit) => ask(() => anonymous.trim(max, limit)),
    listen: hear => news.listen(hear),
    ...plainVerbs(client, keys, ask, { leaveAnonymous: anonymous.leave, announceAnything: () => news.announceAnything() }),
    async dispose() {
      news.close()
      server.stop()
      await connection.close()
    },
  }
}
