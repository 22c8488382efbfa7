import type { RedisTarget } from './connection'

/** The names of all keys in Redis. Braces put those that one script or one sweep needs into one cluster slot. */
export interface RedisKeys {
  /** Anonymous sessions by the time they were created. */
  readonly anonymous: string
  /** The same ones by the time they end if nobody comes back. */
  readonly anonymousEnds: string
  /** The channel on which servers tell each other what they have written. Channels are one space for all databases of a server. */
  readonly news: string
  session(key: string): string
  index(owner: string): string
  revocation(owner: string): string
  /** The session's key in the name of a Redis key. */
  parse(name: string): string
}

export function redisKeys({ prefix, db }: Pick<RedisTarget, 'prefix' | 'db'>): RedisKeys {
  const sessions = `${prefix}:session:`
  return {
    anonymous: `${prefix}:{anonymous}:created`,
    anonymousEnds: `${prefix}:{anonymous}:ends`,
    news: `${prefix}:${db}:news`,
    session: key => sessions + key,
    index: owner => `${prefix}:owner:{${encodeURIComponent(owner)}}:sessions`,
    revocation: owner => `${prefix}:owner:{${encodeURIComponent(owner)}}:revoked`,
    parse: name => name.slice(sessions.length),
  }
}
