import { parse as parseDuration } from '@lukeed/ms'
import * as v from 'valibot'
import { ConfigError } from './errors'
import { parseOrigins } from './origins'
import { parseWebhookPaths } from './webhook-paths'

/**
 * The session layer's configuration as the engine uses it: all durations in milliseconds.
 * Each field of the layer's `runtimeConfig.session` is text; empty text means the default.
 */
export interface SessionConfig {
  readonly store: string
  readonly keys: string
  readonly origins: readonly string[]
  readonly allowedOrigins: readonly string[]
  /** Exact paths whose callers are no pages, such as a payment provider: they may come from anywhere, and change no session. */
  readonly webhookPaths: readonly string[]
  readonly behindProxy: boolean
  /** Proxies in front of this server, as text; whoever reads addresses parses it. */
  readonly trustedProxies: string
  /** Most cookies that are no ticket of ours, from one address in a minute. */
  readonly forgedCookieLimit: number
  /** Cookie for use from another site: `SameSite=None; Partitioned` in place of `SameSite=Lax`. */
  readonly crossSite: boolean
  readonly cookieName: string
  readonly signedIn: Lifetime
  readonly remembered: Lifetime
  readonly anonymous: Lifetime
  /** A session in use gets a new secret this often. */
  readonly rotateEvery: number
  /** How long the previous secret still answers after a periodic rotation. */
  readonly rotationGrace: number
  /** What follows when a secret is used again after its grace: the request is refused, or the session ends as well. */
  readonly onSecretReuse: 'refuse' | 'revoke'
  /** How long after authentication a session counts as fresh. */
  readonly freshFor: number
  /** Most sessions of one owner, and what gives way there. */
  readonly maxPerOwner: number
  readonly ownerLimitPolicy: 'evict-oldest' | 'reject'
  /** Anonymous sessions over this number give way, the oldest first. */
  readonly maxAnonymous: number
  /** Where the audit trail is written. */
  readonly audit: 'stdout' | 'off'
  /** Whether `GET /api/_session/diagnose` is there. Unset: in development only. */
  readonly diagnose: boolean
}

/** The two clocks of a kind of session, in milliseconds (ASVS 7.3.1, 7.3.2). */
export interface Lifetime {
  readonly idle: number
  readonly absolute: number
}

/** What a duration may be: shorter than a second is a mistake, longer than 400 days no browser keeps a cookie. */
const SHORTEST = 1000
const LONGEST = 400 * 24 * 60 * 60 * 1000

const duration = (fallback: string) => v.pipe(
  v.optional(v.union([v.string(), v.number()]), ''),
  v.transform(value => milliseconds(String(value).trim() || fallback)),
  v.check(ms => Number.isFinite(ms), 'is not a duration. Write a number and a unit, such as 30m, 12h or 7d.'),
  v.check(ms => !Number.isFinite(ms) || (ms >= SHORTEST && ms <= LONGEST), 'is out of range. Choose a duration from 1s to 400d.'),
  v.transform(Math.round),
)

const text = (fallback: string) => v.pipe(v.optional(v.string(), ''), v.transform(value => value.trim() || fallback))

/** `undefined`: it was left out. */
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
  v.picklist(options, `is none of ${options.join(', ')}. Leave it out for ${options[0]}.`),
)

const Schema = v.object({
  store: text('sqlite:.data/sessions.db'),
  keys: text(''),
  origin: text(''),
  allowedOrigins: text(''),
  webhookPaths: text(''),
  behindProxy: flag,
  trustedProxies: text(''),
  forgedCookieLimit: count(100),
  crossSite: flag,
  cookieName: v.pipe(
    text('__Host-session'),
    v.regex(/^__Host-[\w.-]{1,40}$/, 'must begin with __Host- and go on with letters, digits, ".", "_" or "-". Leave it out for __Host-session.'),
  ),
  idleTimeout: duration('30m'),
  absoluteTimeout: duration('12h'),
  rememberIdleTimeout: duration('7d'),
  rememberAbsoluteTimeout: duration('30d'),
  anonymousIdleTimeout: duration('1h'),
  anonymousAbsoluteTimeout: duration('24h'),
  rotateEvery: duration('15m'),
  rotationGrace: duration('30s'),
  onSecretReuse: choice(['refuse', 'revoke']),
  freshFor: duration('10m'),
  maxPerOwner: count(20),
  ownerLimitPolicy: choice(['evict-oldest', 'reject']),
  maxAnonymous: count(100_000),
  audit: choice(['stdout', 'off']),
  diagnose: toggle,
})

/**
 * Checks the whole configuration once, at start.
 *
 * @param dev whether plain-http origins may be listed
 * @throws ConfigError that names the variable, the problem and the remedy
 */
export function parseConfig(input: unknown, { dev = false } = {}): SessionConfig {
  const result = v.safeParse(Schema, input)
  if (!result.success) throw configError(result.issues[0])
  const { origin, allowedOrigins, webhookPaths, diagnose, idleTimeout, absoluteTimeout, ...rest } = result.output
  const { rememberIdleTimeout, rememberAbsoluteTimeout, anonymousIdleTimeout, anonymousAbsoluteTimeout, ...options } = rest
  if (options.crossSite && allowedOrigins === '') {
    throw new ConfigError('NUXT_SESSION_CROSS_SITE', 'is set, but no other origin may call', 'List the other site in NUXT_SESSION_ALLOWED_ORIGINS, or leave it out.')
  }
  if (options.rotationGrace > options.rotateEvery) {
    throw new ConfigError('NUXT_SESSION_ROTATION_GRACE', 'is longer than the time between two rotations, and only the secret before the current one is remembered', 'Lower it, or raise NUXT_SESSION_ROTATE_EVERY.')
  }
  return {
    ...options,
    origins: parseOrigins('NUXT_SESSION_ORIGIN', origin, dev),
    allowedOrigins: parseOrigins('NUXT_SESSION_ALLOWED_ORIGINS', allowedOrigins, dev),
    webhookPaths: parseWebhookPaths('NUXT_SESSION_WEBHOOK_PATHS', webhookPaths),
    diagnose: diagnose ?? dev,
    signedIn: lifetime('', idleTimeout, absoluteTimeout),
    remembered: lifetime('REMEMBER_', rememberIdleTimeout, rememberAbsoluteTimeout),
    anonymous: lifetime('ANONYMOUS_', anonymousIdleTimeout, anonymousAbsoluteTimeout),
  }
}

/** The environment variable of a field: `idleTimeout` is `NUXT_SESSION_IDLE_TIMEOUT`. */
export function variableOf(field: string): string {
  return `NUXT_SESSION_${field.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`
}

function lifetime(kind: string, idle: number, absolute: number): Lifetime {
  if (idle > absolute) {
    throw new ConfigError(`NUXT_SESSION_${kind}IDLE_TIMEOUT`, 'is longer than the absolute timeout', `Lower it, or raise NUXT_SESSION_${kind}ABSOLUTE_TIMEOUT.`)
  }
  return { idle, absolute }
}

/** A bare number is no duration: nobody can tell whether it means seconds or milliseconds. */
function milliseconds(text: string): number {
  return /[a-z]$/i.test(text) ? parseDuration(text) ?? Number.NaN : Number.NaN
}

function configError({ path, message }: v.InferIssue<typeof Schema>): ConfigError {
  const [problem, remedy = 'The settings are listed in the layer\'s README.'] = message.split(/\. (?=[A-Z])/)
  return new ConfigError(variableOf(String(path?.[0].key)), problem!, remedy)
}
