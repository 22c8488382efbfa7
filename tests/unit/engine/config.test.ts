import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseConfig, variableOf } from '../../../layers/session/server/engine/config'
import { ConfigError } from '../../../layers/session/server/engine/errors'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

function refusal(input: Record<string, unknown>, options = {}): string {
  try {
    parseConfig(input, options)
  }
  catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error(`${JSON.stringify(input)} was taken`)
}

describe('parseConfig', () => {
  it('has the defaults of the design', () => {
    expect(parseConfig({})).toMatchObject({
      store: 'sqlite:.data/sessions.db',
      keys: '',
      origins: [],
      allowedOrigins: [],
      behindProxy: false,
      trustedProxies: '',
      forgedCookieLimit: 100,
      crossSite: false,
      cookieName: '__Host-session',
      signedIn: { idle: 30 * MINUTE, absolute: 12 * HOUR },
      remembered: { idle: 7 * DAY, absolute: 30 * DAY },
      anonymous: { idle: HOUR, absolute: 24 * HOUR },
      rotateEvery: 15 * MINUTE,
      rotationGrace: 30 * SECOND,
      onSecretReuse: 'refuse',
      freshFor: 10 * MINUTE,
      maxPerOwner: 20,
      ownerLimitPolicy: 'evict-oldest',
      maxAnonymous: 100_000,
    })
  })

  it('takes empty and blank text for "not set", as a runtime config gives it', () => {
    const blank = Object.fromEntries(['store', 'keys', 'origin', 'allowedOrigins', 'behindProxy', 'crossSite', 'cookieName', 'idleTimeout', 'rotateEvery'].map(name => [name, '  ']))
    expect(parseConfig(blank)).toEqual(parseConfig({}))
  })

  it.each([
    ['90s', 90 * SECOND],
    ['5m', 5 * MINUTE],
    ['5 m', 5 * MINUTE],
    ['2h', 2 * HOUR],
    ['1.5h', 90 * MINUTE],
    ['1500ms', 1500],
  ])('reads %s', (text, milliseconds) => {
    expect(parseConfig({ idleTimeout: text }).signedIn.idle).toBe(milliseconds)
  })

  it.each(['1s', '400d'])('takes the limit %s itself', (limit) => {
    expect(() => parseConfig({ anonymousIdleTimeout: limit, anonymousAbsoluteTimeout: limit })).not.toThrow()
  })

  it('takes an idle timeout as long as the absolute one', () => {
    expect(parseConfig({ idleTimeout: '12h' }).signedIn.idle).toBe(12 * HOUR)
  })

  it('has the diagnosis in development alone, unless it is told', () => {
    expect([{}, { diagnose: '' }, { diagnose: '0' }, { diagnose: '1' }, { diagnose: 1 }].map(input => [true, false].map(dev => parseConfig(input, { dev }).diagnose)))
      .toEqual([[true, false], [true, false], [false, false], [true, true], [true, true]])
  })

  it.each([['1', true], [1, true], ['true', true], ['TRUE', true], [true, true], ['0', false], [0, false], ['false', false], [false, false], ['', false]])('reads the flag %j as %j', (value, on) => {
    expect(parseConfig({ behindProxy: value }).behindProxy).toBe(on)
  })

  it('keeps other fields of the runtime config out', () => {
    expect(parseConfig({ password: 'x' })).not.toHaveProperty('password')
  })
})

describe('a configuration is refused, with the variable and the remedy', () => {
  const DURATION = 'Write a number and a unit, such as 30m, 12h or 7d.'
  const RANGE = 'Choose a duration from 1s to 400d.'

  it.each([
    ['idleTimeout', 'NUXT_SESSION_IDLE_TIMEOUT'],
    ['absoluteTimeout', 'NUXT_SESSION_ABSOLUTE_TIMEOUT'],
    ['rememberIdleTimeout', 'NUXT_SESSION_REMEMBER_IDLE_TIMEOUT'],
    ['rememberAbsoluteTimeout', 'NUXT_SESSION_REMEMBER_ABSOLUTE_TIMEOUT'],
    ['anonymousIdleTimeout', 'NUXT_SESSION_ANONYMOUS_IDLE_TIMEOUT'],
    ['anonymousAbsoluteTimeout', 'NUXT_SESSION_ANONYMOUS_ABSOLUTE_TIMEOUT'],
    ['rotateEvery', 'NUXT_SESSION_ROTATE_EVERY'],
    ['rotationGrace', 'NUXT_SESSION_ROTATION_GRACE'],
    ['freshFor', 'NUXT_SESSION_FRESH_FOR'],
  ])('for the duration %s', (field, variable) => {
    for (const value of [1800, '1800', 'soon', '30x', '1h30m', 'NaN', '∞']) expect(refusal({ [field]: value })).toBe(`[session] ${variable} is not a duration. ${DURATION}`)
    for (const value of ['999ms', '-5m', '401d', '2y']) expect(refusal({ [field]: value })).toBe(`[session] ${variable} is out of range. ${RANGE}`)
  })

  it.each([
    ['idleTimeout', '12.1h', '', ''],
    ['rememberIdleTimeout', '31d', 'REMEMBER_', ''],
    ['anonymousIdleTimeout', '25h', 'ANONYMOUS_', ''],
  ])('for %s longer than the absolute timeout', (field, value, kind) => {
    expect(refusal({ [field]: value })).toBe(`[session] NUXT_SESSION_${kind}IDLE_TIMEOUT is longer than the absolute timeout. Lower it, or raise NUXT_SESSION_${kind}ABSOLUTE_TIMEOUT.`)
  })

  it.each(['session', '__host-session', '__Secure-session', '__Host-', '__Host-a b', '__Host-a=b', '__Host-a;b', '__Host-ä', `__Host-${'a'.repeat(41)}`])('for the cookie name %j', (cookieName) => {
    expect(refusal({ cookieName })).toMatch(/^\[session\] NUXT_SESSION_COOKIE_NAME must begin with __Host- .+ Leave it out for __Host-session\.$/)
  })

  it.each(['yes', 'on', 2])('for the flag %j', (value) => {
    expect(refusal({ behindProxy: value })).toBe('[session] NUXT_SESSION_BEHIND_PROXY is neither 1 nor 0. Set it to 1, or leave it out.')
  })

  it.each(['0', '-1', '1.5', 'many', 'Infinity', 0])('for the count %j', (value) => {
    expect(refusal({ maxPerOwner: value })).toBe('[session] NUXT_SESSION_MAX_PER_OWNER is not a count. Write a whole number of at least 1.')
    expect(refusal({ maxAnonymous: value })).toMatch(/^\[session\] NUXT_SESSION_MAX_ANONYMOUS is not a count\. /)
  })

  it('for a choice that is none', () => {
    expect(refusal({ ownerLimitPolicy: 'evict' })).toBe('[session] NUXT_SESSION_OWNER_LIMIT_POLICY is none of evict-oldest, reject. Leave it out for evict-oldest.')
    expect(refusal({ onSecretReuse: 'ignore' })).toBe('[session] NUXT_SESSION_ON_SECRET_REUSE is none of refuse, revoke. Leave it out for refuse.')
  })

  it('for a cookie for another site that no site may use', () => {
    expect(refusal({ crossSite: '1' })).toMatch(/^\[session\] NUXT_SESSION_CROSS_SITE is set, but no other origin may call\. .*NUXT_SESSION_ALLOWED_ORIGINS/)
  })

  it('for origins that no browser would send, under the name of their own variable', () => {
    expect(refusal({ origin: 'localhost' })).toMatch(/^\[session\] NUXT_SESSION_ORIGIN /)
    expect(refusal({ allowedOrigins: '*' })).toMatch(/^\[session\] NUXT_SESSION_ALLOWED_ORIGINS /)
    expect(refusal({ allowedOrigins: 'http://localhost:5173' })).toContain('not https')
    expect(parseConfig({ allowedOrigins: 'http://localhost:5173' }, { dev: true }).allowedOrigins).toEqual(['http://localhost:5173'])
  })

  it('for a number where text belongs', () => {
    expect(refusal({ store: 5 })).toMatch(/^\[session\] NUXT_SESSION_STORE /)
  })

  it('for a duration that is no whole number of milliseconds', () => {
    expect(Number.isInteger(parseConfig({ idleTimeout: '1.0005s' }).signedIn.idle)).toBe(true)
  })

  it('for a grace longer than the time between rotations', () => {
    refusal({ rotateEvery: '10s', rotationGrace: '30s' })
  })
})

describe('the layer\'s runtime config', () => {
  afterEach(() => vi.unstubAllGlobals())

  async function fields(): Promise<string[]> {
    vi.stubGlobal('defineNuxtConfig', (config: unknown) => config)
    const { default: config } = await import('../../../layers/session/nuxt.config') as unknown as { default: { runtimeConfig: { session: object } } }
    return Object.keys(config.runtimeConfig.session)
  }

  it('names no field that the engine does not read', async () => {
    for (const field of await fields()) expect(() => parseConfig({ [field]: [] }), field).toThrow(variableOf(field))
  })

  // Nitro reads a variable only where the runtime config has the field.
  it.each(['store', 'keys', 'origin', 'allowedOrigins', 'behindProxy', 'crossSite', 'cookieName', 'idleTimeout', 'absoluteTimeout', 'rememberIdleTimeout', 'rememberAbsoluteTimeout', 'anonymousIdleTimeout', 'anonymousAbsoluteTimeout', 'rotateEvery', 'rotationGrace', 'onSecretReuse', 'freshFor', 'maxPerOwner', 'ownerLimitPolicy', 'maxAnonymous'])('lets the environment set %s', async (field) => {
    expect(await fields()).toContain(field)
  })
})

describe('variableOf', () => {
  it('is the name that Nitro reads a field from', () => {
    expect(variableOf('rememberIdleTimeout')).toBe('NUXT_SESSION_REMEMBER_IDLE_TIMEOUT')
    expect(variableOf('store')).toBe('NUXT_SESSION_STORE')
  })
})
