import type { Cluster, Redis } from 'ioredis'

/*
 * One hash per session: v value, n version, t last seen, i idle timeout, x absolute expiry, p the tag of its secrets, o
 * user id ('' for none), a the claim under which it is in its user's index, s when its sign-in began, d:CLAIM what
 * happens to a sign-in in flight. A tombstone has p, r the reason and e the time. An end is published in the same step
 * as it is written; a user without the right to PUBLISH can end sessions all the same. Each script touches keys of one
 * cluster slot only.
 *
 * A revocation is the time of a user's last sign-out everywhere and the key of the session that it left, if any.
 */

/** Redis deletes a key a minute after its session has expired: the core decides about expiry, Redis only cleans up. */
const EXPIRY_SLACK_MS = 60_000

/** Lua prints large integers as 1.8e+12; `int` keeps their digits. */
const HELPERS = `
local function int(number) return string.format('%.0f', number) end
local function keep(key, seen, idle, absolute)
  local ends = math.min(seen + idle, absolute)
  redis.call('PEXPIREAT', key, int(ends + ${EXPIRY_SLACK_MS}))
  return int(ends)
end
local function write_tombstone(key, reason, at, ends)
  local tag = redis.call('HGET', key, 'p') or ''
  redis.call('DEL', key)
  redis.call('HSET', key, 'r', reason, 'e', at, 'p', tag)
  redis.call('PEXPIREAT', key, ends)
end
local function publish(channel) redis.pcall('PUBLISH', channel, 'session ' .. KEYS[1]) end
local function put(key, value, version, user, claim, seen, idle, absolute, tag, started)
  redis.call('HSET', key, 'v', value, 'n', int(version), 'o', user, 'a', claim)
  redis.call('HSET', key, 't', int(seen), 'i', idle, 'x', absolute, 'p', tag)
  if user ~= '' then redis.call('HSET', key, 's', started) end
  keep(key, seen, tonumber(idle), tonumber(absolute))
end
local function revoked_at(key)
  local revocation = redis.call('GET', key)
  return revocation and tonumber(revocation:match('^%d+'))
end
local function list(key, entry, created, ends)
  redis.call('ZADD', key, created, entry)
  local time, rest = redis.call('TIME'), redis.call('PTTL', key)
  local before = time[1] * 1000 + math.floor(time[2] / 1000) + rest
  if rest < 0 or before < ends then redis.call('PEXPIREAT', key, int(ends)) end
end
`

const SCRIPTS = {
  /** value, user, claim, seen, idle, absolute, tag, started at → written | exists | revoked | evicted */
  sessionCreate: { numberOfKeys: 1, lua: `
    local tombstone = redis.call('HGET', KEYS[1], 'r')
    if tombstone == 'revoked' or tombstone == 'evicted' then return tombstone end
    if tombstone or redis.call('EXISTS', KEYS[1]) == 1 then return 'exists' end
    put(KEYS[1], ARGV[1], 1, ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6], ARGV[7], ARGV[8])
    return 'written'` },

  /**
   * value, user and claim, or '' to keep both and the later time, seen, idle, absolute, tag, expected version; channel
   * and started at, if there is a user → { outcome or why it must fail, user before, claim before }
   */
  sessionReplace: { numberOfKeys: 1, lua: `
    local row = redis.call('HMGET', KEYS[1], 'n', 't', 'o', 'a', 'd:' .. ARGV[3], 's')
    if not row[1] then return { 'gone' } end
    if row[1] ~= ARGV[8] then return { 'conflict' } end
    if row[5] then
      local reason, at, ends = row[5]:match('(%S+) (%S+) (%S+)')
      if reason == 'evicted' then write_tombstone(KEYS[1], reason, at, ends) publish(ARGV[9]) end
      return { reason, row[3], row[4] }
    end
    local user, claim, seen, started = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[10]
    if user == '' then
      user, claim, seen, started = row[3], row[4], math.max(tonumber(row[2]), seen), row[6] or ''
    end
    put(KEYS[1], ARGV[1], tonumber(row[1]) + 1, user, claim, seen, ARGV[5], ARGV[6], ARGV[7], started)
    if ARGV[2] ~= '' then publish(ARGV[9]) end
    return { 'written', row[3], row[4] }` },

  /** seen → { 1 if the session was active then, when it expires now if it has no user } */
  sessionTouch: { numberOfKeys: 1, lua: `
    local row = redis.call('HMGET', KEYS[1], 't', 'i', 'x', 'o')
    if not row[1] then return { 0 } end
    local last, idle, absolute, now = tonumber(row[1]), tonumber(row[2]), tonumber(row[3]), tonumber(ARGV[1])
    if now >= math.min(last + idle, absolute) then return { 0 } end
    local seen = math.max(last, now)
    redis.call('HSET', KEYS[1], 't', int(seen))
    local ends = keep(KEYS[1], seen, idle, absolute)
    return row[4] == '' and { 1, ends } or { 1 }` },

  /**
   * reason, at, expiry of the tombstone, claim or '' for any, channel, expiry of the tombstone if the record has no
   * user, '=' and the user that it must have or '' for any → { 1 if the record is removed, its user, its claim }
   */
  sessionRemove: { numberOfKeys: 1, lua: `
    local row = redis.call('HMGET', KEYS[1], 'n', 'o', 'a', 'r', 't', 'i', 'x')
    if row[4] or not row[1] and ARGV[4] == '' then return { 0 } end
    if row[1] and ARGV[7] ~= '' and ARGV[7] ~= '=' .. row[2] then return { 0 } end
    if ARGV[1] == 'expired' and row[1] then
      local ends = math.min(tonumber(row[5]) + tonumber(row[6]), tonumber(row[7]))
      if tonumber(ARGV[2]) < ends then return { 0 } end
    end
    if row[1] and ARGV[4] ~= '' and row[3] ~= ARGV[4] then
      redis.call('HSET', KEYS[1], 'd:' .. ARGV[4], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
      return { 0 }
    end
    write_tombstone(KEYS[1], ARGV[1], ARGV[2], row[2] == '' and ARGV[6] or ARGV[3])
    if row[1] then publish(ARGV[5]) end
    return row[1] and { 1, row[2], row[3] } or { 0 }` },

  /** channel → 1 if the record still had no user, and is deleted */
  sessionDropAnonymous: { numberOfKeys: 1, lua: `
    if redis.call('HGET', KEYS[1], 'o') ~= '' then return 0 end
    publish(ARGV[1])
    return redis.call('DEL', KEYS[1])` },

  /**
   * Index, revocation; entry, created at, started at, max, absolute → { claimed | revoked | full, how many too many }
   */
  userClaim: { numberOfKeys: 2, lua: `
    local revokedAt = revoked_at(KEYS[2])
    if revokedAt and revokedAt >= tonumber(ARGV[3]) then return { 'revoked' } end
    local held = redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0
    local surplus = redis.call('ZCARD', KEYS[1]) - held - tonumber(ARGV[4]) + 1
    if surplus > 0 then return { 'full', surplus } end
    list(KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[5]) + ${EXPIRY_SLACK_MS})
    return { 'claimed' }` },

  /**
   * Index; entry, started at, absolute. Adds an entry that was lost, for example by a failover. When the session was
   * created is lost too, so it now has the place of its last sign-in.
   */
  userList: { numberOfKeys: 1, lua: `
    if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
    list(KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]) + ${EXPIRY_SLACK_MS})
    return 1` },

  /** Index, revocation; revoked at, how long to remember it, the session that stays → the entries of the index */
  userRevoke: { numberOfKeys: 2, lua: `
    local before = revoked_at(KEYS[2]) or 0
    local lifetime = math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[2]))
    if tonumber(ARGV[1]) >= before then
      redis.call('SET', KEYS[2], int(tonumber(ARGV[1])) .. ' ' .. ARGV[3], 'PX', int(lifetime))
    end
    return redis.call('ZRANGE', KEYS[1], 0, -1)` },
} as const

type ScriptName = keyof typeof SCRIPTS
type Argument = string | number

export type RedisClient = Redis | Cluster

/** Runs a script: by its hash, or in full if the server does not know it yet (ioredis falls back automatically). */
export type RunScript = (name: ScriptName, keys: readonly string[], ...args: readonly Argument[]) => Promise<unknown>

/** Defines the scripts on a client. */
export function defineScripts(client: RedisClient): RunScript {
  for (const [name, { numberOfKeys, lua }] of Object.entries(SCRIPTS)) {
    client.defineCommand(name, { numberOfKeys, lua: HELPERS + lua })
  }
  const commands = client as unknown as Record<ScriptName, (...args: Argument[]) => Promise<unknown>>
  return (name, keys, ...args) => commands[name](...keys, ...args)
}
