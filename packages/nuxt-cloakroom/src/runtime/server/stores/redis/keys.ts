import type { RedisTarget } from './connection'

/** The names of all keys in Redis. Braces put those that one script or one sweep needs into one cluster slot. */
export interface RedisKeys {
  /** Anonymous sessions by creation time. */
  readonly anonymous: string
  /** The same ones by idle expiry. */
  readonly anonymousExpiry: string
  /** The channel on which servers publish what they have written. All databases of a server share its channels. */
  readonly changes: string
  session(key: string): string
  userSessions(userId: string): string
  revocation(userId: string): string
  /** The session's key in the name of a Redis key. */
  parse(name: string): string
}

export function redisKeys({ prefix, db }: Pick<RedisTarget, 'prefix' | 'db'>): RedisKeys {
  const sessions = `${prefix}:session:`
  return {
    anonymous: `${prefix}:{anonymous}:created`,
    anonymousExpiry: `${prefix}:{anonymous}:ends`,
    changes: `${prefix}:${db}:changes`,
    session: key => sessions + key,
    userSessions: userId => `${prefix}:user:{${encodeURIComponent(userId)}}:sessions`,
    revocation: userId => `${prefix}:user:{${encodeURIComponent(userId)}}:revoked`,
    parse: name => name.slice(sessions.length),
  }
}
