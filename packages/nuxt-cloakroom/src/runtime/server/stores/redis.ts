import type { SessionEndReason } from '../../shared/types/session'
import type { AtomicDriver, Clock, ReplaceResult } from '../sessions/store'
import type { StoreOpener } from './open-store'
import { anonymousList } from './redis/anonymous-list'
import { RedisChanges } from './redis/changes'
import type { RedisTarget } from './redis/connection'
import { connect, connectSubscriber, parseRedisUrl } from './redis/connection'
import { redisFailure } from './redis/failure'
import { redisKeys } from './redis/keys'
import { whenReady } from './redis/readiness'
import { defineScripts } from './redis/scripts'
import { serverClock } from './redis/server-clock'
import type { RunCommands } from './redis/unstorage-methods'
import { unstorageMethods } from './redis/unstorage-methods'
import { userSessions } from './redis/user-sessions'

export interface RedisDriverOptions {
  readonly target: RedisTarget
  /** Receives warnings, for example about an eviction policy that drops sessions. */
  readonly warn?: (message: string) => void
  /** For tests. Default: the server's own clock. */
  readonly clock?: Clock
}

/** Opens `redis://…` and `rediss://…`. */
export const openRedis: StoreOpener = (_rest, url, { warn }) => {
  const target = parseRedisUrl(url)
  return { driver: redisDriver({ target, warn }), location: locationOf(target), defaultKeys: 'required' }
}

function locationOf({ tls, nodes, db, prefix }: RedisTarget): string {
  const hosts = nodes.map(({ host, port }) => `${host}:${port}`).join(',')
  return `${tls ? 'rediss' : 'redis'}://${hosts}/${db} under ${prefix}:`
}

/**
 * Sessions in Redis or Valkey, for several app servers: a single server, behind Sentinel, or a Cluster. As durable as
 * the server's own settings make it (`appendonly yes`, `appendfsync always` to lose nothing).
 *
 * A command without a reply within 500 ms fails, and so does every command while there is no connection.
 */
export function redisDriver({ target, warn = () => {}, clock: ownClock }: RedisDriverOptions): AtomicDriver {
  const client = connect(target)
  const server = serverClock(client)
  const connection = whenReady(client, { prepare: server.measure, warn })
  const clock = ownClock ?? server.clock
  const keys = redisKeys(target)
  const script = defineScripts(client)
  const anonymous = anonymousList(client, script, keys)
  const open = () => connectSubscriber(target, client)
  const changes = new RedisChanges({ client, channel: keys.changes, open, parse: keys.parse, warn })
  const users = userSessions({
    client,
    run: script,
    keys,
    clock,
    removeAnonymous: anonymous.remove,
    publishUser: userId => changes.publishUser(userId),
  })

  const run: RunCommands = async (commands) => {
    if (!connection.isReady()) await connection.ready()
    try {
      return await commands()
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
    read: key => run(() => users.read(key)),
    create: (key, value, meta) => run(async () => {
      const { lastSeenAt, idleTimeout, expiresAt, secretTag = '' } = meta
      const args = [value, '', '', lastSeenAt, idleTimeout, expiresAt, secretTag, '']
      const create = script('sessionCreate', [keys.session(key)], ...args)
      const [outcome] = await Promise.all([create, anonymous.add(key, meta)])
      return outcome === 'written'
    }),
    replace: (key, value, meta, expectedVersion) => run(async () => {
      const { userId, lastSeenAt, idleTimeout, expiresAt, secretTag = '' } = meta
      const args = [value, '', '', lastSeenAt, idleTimeout, expiresAt, secretTag, expectedVersion]
      const replace = script('sessionReplace', [keys.session(key)], ...args) as Promise<[string]>
      const extend = userId === null && anonymous.extend(key, Math.min(lastSeenAt + idleTimeout, expiresAt))
      const [[outcome]] = await Promise.all([replace, extend])
      return outcome === 'written' ? 'replaced' : outcome as ReplaceResult
    }),
    assignUser: (...args) => run(() => users.assignUser(...args)),
    touch: (key, lastSeenAt) => run(async () => {
      const result = await script('sessionTouch', [keys.session(key)], lastSeenAt)
      const [isActive, expiresAt] = result as [number, string?]
      if (expiresAt !== undefined) await anonymous.extend(key, Number(expiresAt))
      return isActive === 1
    }),
    remove: (...args) => run(() => users.remove(...args)),
    readTombstone: key => run(async () => {
      const [reason, removedAt, secretTag] = await client.hmget(keys.session(key), 'r', 'e', 'p')
      if (!reason) return null
      return { reason: reason as SessionEndReason, removedAt: Number(removedAt), ...(secretTag && { secretTag }) }
    }),
    removeByUser: (...args) => run(() => users.removeByUser(...args)),
    listByUser: userId => run(() => users.list(userId)),
    // Redis deletes expired sessions and tombstones automatically, but not their entries in the list of anonymous ones.
    sweep: (now, limit) => run(() => anonymous.sweep(now, limit)),
    trimAnonymous: (max, limit) => run(() => anonymous.trim(max, limit)),
    subscribe: listener => changes.subscribe(listener),
    ...unstorageMethods({
      client,
      keys,
      run,
      removeAnonymous: anonymous.remove,
      publishUnknown: () => changes.publishUnknown(),
    }),
    async dispose() {
      changes.close()
      server.stop()
      await connection.close()
    },
  }
}
