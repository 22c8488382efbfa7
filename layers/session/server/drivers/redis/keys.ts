/** The names of all keys in Redis. Braces put an owner's index and revocation into one cluster slot. */
export interface RedisKeys {
  readonly anonymous: string
  session(key: string): string
  index(owner: string): string
  revocation(owner: string): string
  /** The session's key in the name of a Redis key. */
  parse(name: string): string
}

export function redisKeys(prefix: string): RedisKeys {
  const sessions = `${prefix}:session:`
  return {
    anonymous: `${prefix}:anonymous`,
    session: key => sessions + key,
    index: owner => `${prefix}:owner:{${encodeURIComponent(owner)}}:sessions`,
    revocation: owner => `${prefix}:owner:{${encodeURIComponent(owner)}}:revoked`,
    parse: name => name.slice(sessions.length),
  }
}
