import { closest, distance } from 'fastest-levenshtein'
import * as v from 'valibot'
import { parseOrigins } from '../http/origins'
import { parseWebhookPaths } from '../http/webhook-paths'
import type { Lifetime, SessionConfig } from '../sessions/config'
import { MAX_DURATION_MS, toMilliseconds } from '../sessions/duration'
import { ConfigError } from '../sessions/errors'

/** The module's configuration as the server uses it. All durations in milliseconds. */
export interface CloakroomConfig extends SessionConfig {
  readonly store: string
  readonly keys: string
  readonly origins: readonly string[]
  readonly allowedOrigins: readonly string[]
  /** Exact paths that programs of other origins may call, for example a payment provider. */
  readonly webhookPaths: readonly string[]
  readonly behindProxy: boolean
  /** Proxies in front of this server, unparsed; see `addressReader`. */
  readonly trustedProxies: string
  /** How many forged cookies one address may send in a minute. */
  readonly forgedCookieLimit: number
  /** How many event streams and WebSockets a process holds, and how many of one address have no signed-in user. */
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** Of a message that a WebSocket receives, unless the app's own server options say otherwise. */
  readonly webSocketMaxBytes: number
  /** `SameSite=None; Partitioned` instead of `SameSite=Lax`, for use from another site. */
  readonly crossSite: boolean
  /** Whether sign-out also deletes the browser's cache, which can take seconds. */
  readonly clearSiteData: boolean
  /** Where the audit trail is written. */
  readonly audit: 'stdout' | 'off'
  /** Whether `GET /api/_session/diagnose` exists. Default: in development only. */
  readonly diagnose: boolean
}

export const ENV_PREFIX = 'NUXT_CLOAKROOM_'

/** A shorter duration is a mistake. */
const MIN_DURATION_MS = 1000
/** With more wrong letters than these, or than two thirds of a name, a suggestion would be a guess. */
const MAX_WRONG_LETTERS = 4

const duration = (fallback: string) => v.pipe(
  v.optional(v.union([v.string(), v.number()]), ''),
  v.transform(value => toMilliseconds(String(value).trim() || fallback) ?? Number.NaN),
  v.check(ms => Number.isFinite(ms), 'is not a duration. Write a number and a unit, for example 30m, 12h or 7d.'),
  v.check(ms => !Number.isFinite(ms) || isInRange(ms), 'is out of range. Choose a duration from 1s to 400d.'),
  v.transform(Math.round),
)

const text = (fallback: string) => v.pipe(
  v.optional(v.string(), ''),
  v.transform(value => value.trim() || fallback),
)

const list = v.pipe(
  v.optional(v.union([v.string(), v.array(v.string())]), ''),
  v.transform(value => Array.isArray(value) ? value.join(',') : value.trim()),
)

/** `undefined` if it is not set. */
const toggle = v.pipe(
  v.optional(v.union([v.string(), v.number(), v.boolean()]), ''),
  v.transform(value => String(value).trim().toLowerCase()),
  v.picklist(['', '0', '1', 'false', 'true'], 'is neither 1 nor 0. Set it to 1, or leave it out.'),
  v.transform(value => value === '' ? undefined : value === '1' || value === 'true'),
)

const flag = v.pipe(toggle, v.transform(value => value ?? false))

const count = (fallback: number) => v.pipe(
  v.optional(v.union([v.string(), v.number()]), ''),
  v.transform(value => String(value).trim() === '' ? fallback : Number(value)),
  v.check(value => Number.isSafeInteger(value) && value >= 1, 'is not a count. Write a whole number of at least 1.'),
)

const choice = <const Options extends readonly [string, ...string[]]>(options: Options) => v.pipe(
  text(options[0]),
  v.picklist(options, `is not one of ${options.join(', ')}. Leave it out for ${options[0]}.`),
)

export const DEFAULT_COOKIE_NAME = '__Host-session'
const COOKIE_NAME = /^__Host-[\w.-]{1,40}$/

const Schema = v.object({
  store: text('sqlite:.data/sessions.db'),
  keys: list,
  origin: list,
  allowedOrigins: list,
  webhookPaths: list,
  behindProxy: flag,
  trustedProxies: list,
  forgedCookieLimit: count(100),
  maxConnections: count(5000),
  maxConnectionsPerAddress: count(256),
  webSocketMaxBytes: count(64 * 1024),
  crossSite: flag,
  clearSiteData: flag,
  cookieName: v.pipe(text(DEFAULT_COOKIE_NAME), v.regex(
    COOKIE_NAME,
    'must start with __Host- and continue with letters, digits, ".", "_" or "-". Leave it out for __Host-session.',
  )),
  idleTimeout: duration('30m'),
  absoluteTimeout: duration('12h'),
  rememberIdleTimeout: duration('7d'),
  rememberAbsoluteTimeout: duration('30d'),
  anonymousIdleTimeout: duration('1h'),
  anonymousAbsoluteTimeout: duration('24h'),
  rotateEvery: duration('15m'),
  rotationGrace: duration('30s'),
  onSecretReuse: choice(['revoke', 'refuse']),
  freshFor: duration('10m'),
  maxPerUser: count(20),
  userLimitPolicy: choice(['evict-oldest', 'reject']),
  maxAnonymous: count(100_000),
  audit: choice(['stdout', 'off']),
  diagnose: toggle,
})

type SettingName = keyof typeof Schema.entries

/** The name of each setting, in the options and in the runtime configuration. */
export const SETTING_NAMES = Object.keys(Schema.entries) as SettingName[]

/**
 * Checks the whole configuration, once, at start.
 *
 * @param input the runtime configuration; an empty string means the default
 * @param options.dev whether plain-http origins are allowed
 * @throws ConfigError that names the environment variable, the problem and the fix
 */
export function parseConfig(input: unknown, { dev = false } = {}): CloakroomConfig {
  const { origin, allowedOrigins, webhookPaths, diagnose, ...settings } = parseFields(input, envNameOf)
  const { idleTimeout, absoluteTimeout, rememberIdleTimeout, rememberAbsoluteTimeout, ...rest } = settings
  const { anonymousIdleTimeout, anonymousAbsoluteTimeout, ...options } = rest
  assertCrossSiteHasOrigins(options.crossSite, allowedOrigins)
  assertGraceFits(options)
  return {
    ...options,
    origins: parseOrigins(envNameOf('origin'), origin, dev),
    allowedOrigins: parseOrigins(envNameOf('allowedOrigins'), allowedOrigins, dev),
    webhookPaths: parseWebhookPaths(envNameOf('webhookPaths'), webhookPaths),
    diagnose: diagnose ?? dev,
    signedIn: lifetime('', idleTimeout, absoluteTimeout),
    remembered: lifetime('REMEMBER_', rememberIdleTimeout, rememberAbsoluteTimeout),
    anonymous: lifetime('ANONYMOUS_', anonymousIdleTimeout, anonymousAbsoluteTimeout),
  }
}

/**
 * Checks each setting separately. Those that depend on others are not checked together: the others may come from the
 * environment later.
 *
 * @param nameOf how the setting is called in an error
 * @throws ConfigError for the first setting that is not valid
 */
export function parseFields(input: unknown, nameOf: (field: string) => string) {
  const result = v.safeParse(Schema, input)
  if (result.success) return result.output
  const { path, message } = result.issues[0]
  const [problem, fix = 'The settings are listed in the README of nuxt-cloakroom.'] = message.split(/\. (?=[A-Z])/)
  throw new ConfigError(nameOf(String(path?.[0].key)), problem!, fix)
}

/** The environment variable of a setting: for `idleTimeout` it is `NUXT_CLOAKROOM_IDLE_TIMEOUT`. */
export function envNameOf(setting: string): string {
  return ENV_PREFIX + setting.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()
}

/** @throws ConfigError for the first name that is not among `known`, with the closest known one if there is any */
export function assertKnownSettings(
  names: readonly string[],
  known: readonly string[],
  nameOf = (name: string) => name,
): void {
  const unknown = names.find(name => !known.includes(name))
  if (unknown === undefined) return
  const suggestion = closest(unknown, known)
  const maxDistance = Math.min(MAX_WRONG_LETTERS, Math.floor(unknown.length * 2 / 3))
  const isClose = distance(unknown, suggestion) <= maxDistance
  const fix = isClose ? `Did you mean ${nameOf(suggestion)}?` : `Known settings are: ${known.map(nameOf).join(', ')}.`
  throw new ConfigError(nameOf(unknown), 'is not a setting of nuxt-cloakroom', fix)
}

function assertCrossSiteHasOrigins(crossSite: boolean, allowedOrigins: string) {
  if (!crossSite || allowedOrigins !== '') return
  const fix = `List the other site in ${envNameOf('allowedOrigins')}, or leave it out.`
  throw new ConfigError(envNameOf('crossSite'), 'is set, but no other origin is allowed to call', fix)
}

function assertGraceFits({ rotationGrace, rotateEvery }: Pick<SessionConfig, 'rotationGrace' | 'rotateEvery'>) {
  if (rotationGrace <= rotateEvery) return
  throw new ConfigError(
    envNameOf('rotationGrace'),
    'is longer than the time between two rotations, but only one previous secret is kept',
    `Lower it, or raise ${envNameOf('rotateEvery')}.`,
  )
}

function lifetime(kind: string, idle: number, absolute: number): Lifetime {
  if (idle <= absolute) return { idle, absolute }
  const fix = `Lower it, or raise ${ENV_PREFIX}${kind}ABSOLUTE_TIMEOUT.`
  throw new ConfigError(`${ENV_PREFIX}${kind}IDLE_TIMEOUT`, 'is longer than the absolute timeout', fix)
}

function isInRange(ms: number): boolean {
  return ms >= MIN_DURATION_MS && ms <= MAX_DURATION_MS
}
