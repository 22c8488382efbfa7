/** The names of all keys in Redis. Braces put those that one script or one sweep needs into one cluster slot. */
export interface RedisKeys {
  /** Anonymous sessions by the time they were created. */
  readonly anonymous: string
  /** The same ones by the time they end if nobody comes back. */
  readonly anonymousEnds: string
  session(key: string): string
  index(owner: string): string
  revocation(owner: string): string
  /** The session's key in the name of a Redis key. */
  parse(name: string): string
}

export function redisKeys(prefix: string): RedisKeys {
  const sessions = `${prefix}:session:`
  return {
    anonymous: `${prefix}:{anonymous}:created`,
    anonymousEnds: `${prefix}:{anonymous}:ends`,
    session: key => sessions + key,
    index: owner => `${prefix}:owner:{${encodeURIComponent(owner)}}:sessions`,
    revocation: owner => `${prefix}:owner:{${encodeURIComponent(owner)}}:revoked`,
    parse: name => name.slice(sessions.length),
  }
}
