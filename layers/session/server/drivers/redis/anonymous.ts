import type { RecordMeta } from '../../engine/store'
import type { RedisKeys } from './keys'
import type { RedisClient, RunScript } from './scripts'

/**
 * The list of anonymous sessions, which bounds their number. It may name a session that is no more or is somebody's by
 * now, so what it says is checked before anything is deleted; a session that it misses is only not counted.
 */
export function anonymousList(client: RedisClient, run: RunScript, keys: RedisKeys) {
  async function leave(...members: string[]): Promise<number> {
    if (members.length === 0) return 0
    const [left] = await Promise.all([client.zrem(keys.anonymous, ...members), client.zrem(keys.anonymousEnds, ...members)])
    return left
  }

  return {
    leave,
    async enter(key: string, { createdAt, lastSeenAt, idleTimeout, expiresAt }: RecordMeta) {
      const end = Math.min(lastSeenAt + idleTimeout, expiresAt)
      await Promise.all([client.zadd(keys.anonymous, 'NX', createdAt, key), client.zadd(keys.anonymousEnds, 'NX', end, key)])
    },

    /** Moves the end of a session that is on the list, and puts none there. */
    async extend(key: string, end: number) {
      await client.zadd(keys.anonymousEnds, 'XX', 'GT', end, key)
    },

    /** Takes sessions off that have ended, of which Redis drops the records by itself. */
    async sweep(now: number, limit: number): Promise<number> {
      return leave(...await client.zrange(keys.anonymousEnds, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit))
    },

    async trim(max: number, limit: number): Promise<number> {
      const surplus = Math.min(await client.zcard(keys.anonymous) - max, limit)
      if (surplus <= 0) return 0
      const oldest = await client.zrange(keys.anonymous, 0, surplus - 1)
      await Promise.all(oldest.map(key => run('sessionDropAnonymous', [keys.session(key)], keys.news)))
      return leave(...oldest)
    },
  }
}
