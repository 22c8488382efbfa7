import { describe, expect, it } from 'vitest'
import { SETTING_NAMES, parseConfig } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { configErrorOf } from '../../support/config-error'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const refusal = (input: Record<string, unknown>) => configErrorOf(() => parseConfig(input)).message

describe('parseConfig', () => {
  it('returns the documented defaults for an empty configuration', () => {
    expect(parseConfig({})).toEqual({
      store: 'sqlite:.data/sessions.db',
      keys: '',
      origins: [],
      allowedOrigins: [],
      webhookPaths: [],
      behindProxy: false,
      trustedProxies: '',
      forgedCookieLimit: 100,
      maxConnections: 5000,
      maxConnectionsPerAddress: 256,
      webSocketMaxBytes: 65_536,
      crossSite: false,
      clearSiteData: false,
      cookieName: '__Host-session',
      signedIn: { idle: 30 * MINUTE, absolute: 12 * HOUR },
      remembered: { idle: 7 * DAY, absolute: 30 * DAY },
      anonymous: { idle: HOUR, absolute: 24 * HOUR },
      rotateEvery: 15 * MINUTE,
      rotationGrace: 30 * SECOND,
      onSecretReuse: 'revoke',
      freshFor: 10 * MINUTE,
      maxPerUser: 20,
      userLimitPolicy: 'evict-oldest',
      maxAnonymous: 100_000,
      audit: 'stdout',
      diagnose: false,
    })
  })

  it.each(['', '  '])('returns the default of every setting that is %j, as in an unset runtime config', (blank) => {
    const settings = Object.fromEntries(SETTING_NAMES.map(name => [name, blank]))
    expect(parseConfig(settings)).toEqual(parseConfig({}))
  })

  it.each([
    ['90s', 90 * SECOND],
    ['5m', 5 * MINUTE],
    ['5 m', 5 * MINUTE],
    ['2h', 2 * HOUR],
    ['1.5h', 90 * MINUTE],
    ['1500ms', 1500],
  ])('reads the duration %j as %i ms', (text, milliseconds) => {
    expect(parseConfig({ idleTimeout: text }).signedIn.idle).toBe(milliseconds)
  })

  it('rounds a duration to whole milliseconds', () => {
    expect(Number.isInteger(parseConfig({ idleTimeout: '1.0005s' }).signedIn.idle)).toBe(true)
  })

  it.each(['1s', '400d'])('accepts the duration %s, which is a limit', (limit) => {
    expect(() => parseConfig({ anonymousIdleTimeout: limit, anonymousAbsoluteTimeout: limit })).not.toThrow()
  })

  it('accepts an idle timeout as long as the absolute one', () => {
    expect(parseConfig({ idleTimeout: '12h' }).signedIn.idle).toBe(12 * HOUR)
  })

  it.each([
    [{}, [true, false]],
    [{ diagnose: '' }, [true, false]],
    [{ diagnose: '0' }, [false, false]],
    [{ diagnose: '1' }, [true, true]],
    [{ diagnose: 1 }, [true, true]],
  ])('enables the diagnosis in development only, unless it is set: %j', (input, [inDevelopment, inProduction]) => {
    expect(parseConfig(input, { dev: true }).diagnose).toBe(inDevelopment)
    expect(parseConfig(input, { dev: false }).diagnose).toBe(inProduction)
  })

  it.each([
    ['1', true], [1, true], ['true', true], ['TRUE', true], [true, true],
    ['0', false], [0, false], ['false', false], [false, false], ['', false],
  ])('reads the flag %j as %j', (value, on) => {
    expect(parseConfig({ behindProxy: value }).behindProxy).toBe(on)
  })

  it.each([
    ['origin', ['https://a.example', 'https://b.example']],
    ['allowedOrigins', ['https://a.example', 'https://b.example']],
    ['webhookPaths', ['/hook', '/api/webhooks/payment']],
    ['trustedProxies', ['127.0.0.1', '10.0.0.0/8']],
    ['keys', ['first', 'second']],
  ])('reads the list %s from an array as from comma-separated text', (field, entries) => {
    const parsed = parseConfig({ [field]: entries })
    expect(parsed).toEqual(parseConfig({ [field]: entries.join(',') }))
    expect(parsed).not.toEqual(parseConfig({ [field]: entries.slice(1) }))
    expect(parsed).not.toEqual(parseConfig({}))
  })

  it.each(['origin', 'allowedOrigins', 'webhookPaths', 'trustedProxies', 'keys'])(
    'returns the default of the list %s for an empty array', (field) => {
      expect(parseConfig({ [field]: [] })).toEqual(parseConfig({}))
    },
  )

  it('omits fields of the runtime config that are not settings', () => {
    expect(parseConfig({ password: 'x' })).not.toHaveProperty('password')
  })
})

describe('parseConfig refuses, with the environment variable and the fix,', () => {
  const DURATION = 'Write a number and a unit, for example 30m, 12h or 7d.'
  const RANGE = 'Choose a duration from 1s to 400d.'

  it.each([
    ['idleTimeout', 'NUXT_CLOAKROOM_IDLE_TIMEOUT'],
    ['absoluteTimeout', 'NUXT_CLOAKROOM_ABSOLUTE_TIMEOUT'],
    ['rememberIdleTimeout', 'NUXT_CLOAKROOM_REMEMBER_IDLE_TIMEOUT'],
    ['rememberAbsoluteTimeout', 'NUXT_CLOAKROOM_REMEMBER_ABSOLUTE_TIMEOUT'],
    ['anonymousIdleTimeout', 'NUXT_CLOAKROOM_ANONYMOUS_IDLE_TIMEOUT'],
    ['anonymousAbsoluteTimeout', 'NUXT_CLOAKROOM_ANONYMOUS_ABSOLUTE_TIMEOUT'],
    ['rotateEvery', 'NUXT_CLOAKROOM_ROTATE_EVERY'],
    ['rotationGrace', 'NUXT_CLOAKROOM_ROTATION_GRACE'],
    ['freshFor', 'NUXT_CLOAKROOM_FRESH_FOR'],
  ])('an invalid duration in %s', (field, variable) => {
    for (const value of [1800, '1800', 'soon', '30x', '1h30m', 'NaN', '∞']) {
      expect(refusal({ [field]: value })).toBe(`[cloakroom] ${variable} is not a duration. ${DURATION}`)
    }
    for (const value of ['999ms', '-5m', '401d', '2y']) {
      expect(refusal({ [field]: value })).toBe(`[cloakroom] ${variable} is out of range. ${RANGE}`)
    }
  })

  it.each([
    ['idleTimeout', '12.1h', ''],
    ['rememberIdleTimeout', '31d', 'REMEMBER_'],
    ['anonymousIdleTimeout', '25h', 'ANONYMOUS_'],
  ])('%s longer than the absolute timeout', (field, value, kind) => {
    expect(refusal({ [field]: value })).toBe(`[cloakroom] NUXT_CLOAKROOM_${kind}IDLE_TIMEOUT is longer than the `
      + `absolute timeout. Lower it, or raise NUXT_CLOAKROOM_${kind}ABSOLUTE_TIMEOUT.`)
  })

  it.each([
    'session', '__host-session', '__Secure-session', '__Host-', '__Host-a b', '__Host-a=b', '__Host-a;b', '__Host-ä',
    `__Host-${'a'.repeat(41)}`,
  ])('the cookie name %j', (cookieName) => {
    expect(refusal({ cookieName })).toBe('[cloakroom] NUXT_CLOAKROOM_COOKIE_NAME must start with __Host- and continue '
      + 'with letters, digits, ".", "_" or "-". Leave it out for __Host-session.')
  })

  it.each(['yes', 'on', 2])('the flag %j', (value) => {
    expect(refusal({ behindProxy: value }))
      .toBe('[cloakroom] NUXT_CLOAKROOM_BEHIND_PROXY is neither 1 nor 0. Set it to 1, or leave it out.')
  })

  it.each(['0', '-1', '1.5', 'many', 'Infinity', 0])('the count %j', (value) => {
    expect(refusal({ maxPerUser: value }))
      .toBe('[cloakroom] NUXT_CLOAKROOM_MAX_PER_USER is not a count. Write a whole number of at least 1.')
    expect(refusal({ maxAnonymous: value })).toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_MAX_ANONYMOUS is not a count\. /)
  })

  it('a choice that is not one of those listed', () => {
    expect(refusal({ userLimitPolicy: 'evict' })).toBe('[cloakroom] NUXT_CLOAKROOM_USER_LIMIT_POLICY is not one of '
      + 'evict-oldest, reject. Leave it out for evict-oldest.')
    expect(refusal({ onSecretReuse: 'ignore' })).toBe('[cloakroom] NUXT_CLOAKROOM_ON_SECRET_REUSE is not one of '
      + 'revoke, refuse. Leave it out for revoke.')
  })

  it('a cookie for use from another site if no other origin is allowed', () => {
    expect(refusal({ crossSite: '1' })).toBe('[cloakroom] NUXT_CLOAKROOM_CROSS_SITE is set, but no other origin is '
      + 'allowed to call. List the other site in NUXT_CLOAKROOM_ALLOWED_ORIGINS, or leave it out.')
  })

  it('an origin that no browser sends, in the variable that lists it', () => {
    expect(refusal({ origin: 'localhost' })).toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_ORIGIN /)
    expect(refusal({ allowedOrigins: '*' })).toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_ALLOWED_ORIGINS /)
    expect(refusal({ allowedOrigins: 'http://localhost:5173' })).toContain('not https')
    expect(parseConfig({ allowedOrigins: 'http://localhost:5173' }, { dev: true }).allowedOrigins)
      .toEqual(['http://localhost:5173'])
  })

  it('an entry of an array that is not valid', () => {
    expect(refusal({ origin: ['https://a.example', 'localhost'] }))
      .toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_ORIGIN has "localhost", which is not an origin /)
    expect(refusal({ webhookPaths: ['/hook', '/hook/'] }))
      .toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_WEBHOOK_PATHS has "\/hook\/", which is not an exact path\. /)
  })

  it('a value of the wrong type', () => {
    expect(refusal({ store: 5 })).toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_STORE /)
    expect(refusal({ store: ['memory:'] })).toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_STORE /)
    expect(refusal({ trustedProxies: [127] })).toMatch(/^\[cloakroom\] NUXT_CLOAKROOM_TRUSTED_PROXIES /)
  })

  it('a grace period longer than the time between two rotations', () => {
    expect(refusal({ rotateEvery: '10s', rotationGrace: '30s' })).toBe('[cloakroom] NUXT_CLOAKROOM_ROTATION_GRACE is '
      + 'longer than the time between two rotations, but only one previous secret is kept. Lower it, or raise '
      + 'NUXT_CLOAKROOM_ROTATE_EVERY.')
  })
})
