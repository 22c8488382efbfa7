import type { RecordMeta } from '../../sessions/store'
import type { RedisKeys } from './keys'
import type { RedisClient, RunScript } from './scripts'

/**
 * The list of anonymous sessions, which limits their number. It may name a session that has ended or was assigned to a
 * user, so each session is checked before it is deleted. A session that is missing from the list is only not counted.
 */
export function anonymousList(client: RedisClient, run: RunScript, keys: RedisKeys) {
  async function remove(...members: string[]): Promise<number> {
    if (members.length === 0) return 0
    const [removed] = await Promise.all([
      client.zrem(keys.anonymous, ...members),
      client.zrem(keys.anonymousExpiry, ...members),
    ])
    return removed
  }

  return {
    remove,
    async add(key: string, { createdAt, lastSeenAt, idleTimeout, expiresAt }: RecordMeta) {
      const idleExpiry = Math.min(lastSeenAt + idleTimeout, expiresAt)
      await Promise.all([
        client.zadd(keys.anonymous, 'NX', createdAt, key),
        client.zadd(keys.anonymousExpiry, 'NX', idleExpiry, key),
      ])
    },

    /** Moves the expiry of a session that is on the list, and adds none. */
    async extend(key: string, expiresAt: number) {
      await client.zadd(keys.anonymousExpiry, 'XX', 'GT', expiresAt, key)
    },

    /** Removes sessions that have expired, whose records Redis deletes automatically. */
    async sweep(now: number, limit: number): Promise<number> {
      return remove(...await client.zrange(keys.anonymousExpiry, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit))
    },

    async trim(max: number, limit: number): Promise<number> {
      const surplus = Math.min(await client.zcard(keys.anonymous) - max, limit)
      if (surplus <= 0) return 0
      const oldest = await client.zrange(keys.anonymous, 0, surplus - 1)
      await Promise.all(oldest.map(key => run('sessionDropAnonymous', [keys.session(key)], keys.changes)))
      return remove(...oldest)
    },
  }
}
