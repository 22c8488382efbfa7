import { join } from 'node:path'
import { loadNuxt } from 'nuxt/kit'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  SETTING_NAMES, assertKnownSettings, envNameOf, parseConfig,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { configErrorOf } from '../../support/config-error'

/** The message for names that are not settings. */
const refusal = (...check: Parameters<typeof assertKnownSettings>) =>
  configErrorOf(() => assertKnownSettings(...check)).message

describe('assertKnownSettings', () => {
  const VARIABLES = SETTING_NAMES.map(envNameOf)

  it('accepts every setting and every environment variable', () => {
    expect(() => assertKnownSettings(SETTING_NAMES, SETTING_NAMES)).not.toThrow()
    expect(() => assertKnownSettings(VARIABLES, VARIABLES)).not.toThrow()
    expect(() => assertKnownSettings([], SETTING_NAMES)).not.toThrow()
  })

  it('suggests the closest setting for a name that is not known', () => {
    const nameOf = (name: string) => `runtimeConfig.cloakroom.${name}`
    expect(refusal(['store', 'idelTimeout'], SETTING_NAMES, nameOf))
      .toBe('[cloakroom] runtimeConfig.cloakroom.idelTimeout is not a setting of nuxt-cloakroom. '
        + 'Did you mean runtimeConfig.cloakroom.idleTimeout?')
  })

  it('suggests the closest environment variable for one that is not known', () => {
    expect(refusal(['NUXT_CLOAKROOM_STORE', 'NUXT_CLOAKROOM_TRUSTED_PROXY'], VARIABLES))
      .toBe('[cloakroom] NUXT_CLOAKROOM_TRUSTED_PROXY is not a setting of nuxt-cloakroom. '
        + 'Did you mean NUXT_CLOAKROOM_TRUSTED_PROXIES?')
  })

  it('suggests a name with four wrong letters, and none with five', () => {
    const unknown = (name: string) => refusal([name], ['cookieName', 'maxAnonymous'])
    expect(unknown('cookie')).toMatch(/\. Did you mean cookieName\?$/)
    expect(unknown('cooki')).toMatch(/\. Known settings are: cookieName, maxAnonymous\.$/)
  })

  it('lists all settings if none is close', () => {
    const nameOf = (name: string) => `cloakroom.${name}`
    expect(refusal(['passwordStrength'], SETTING_NAMES, nameOf))
      .toBe('[cloakroom] cloakroom.passwordStrength is not a setting of nuxt-cloakroom. '
        + `Known settings are: ${SETTING_NAMES.map(nameOf).join(', ')}.`)
  })
})

describe('the runtime config of an app with the module', () => {
  let fields: string[]

  beforeAll(async () => {
    const nuxt = await loadNuxt({ cwd: join(import.meta.dirname, '../../fixtures/basic') })
    fields = Object.keys(nuxt.options.runtimeConfig.cloakroom as object)
    await nuxt.close()
  })

  it('has no field that parseConfig does not read', () => {
    for (const field of fields) expect(() => parseConfig({ [field]: {} }), field).toThrow(envNameOf(field))
  })

  // Nitro reads an environment variable only if the runtime config has its field.
  it.each([
    'store', 'keys', 'origin', 'allowedOrigins', 'webhookPaths', 'behindProxy', 'trustedProxies', 'forgedCookieLimit',
    'maxConnections', 'maxConnectionsPerAddress', 'webSocketMaxBytes', 'crossSite', 'cookieName', 'idleTimeout',
    'absoluteTimeout', 'rememberIdleTimeout', 'rememberAbsoluteTimeout',
    'anonymousIdleTimeout', 'anonymousAbsoluteTimeout', 'rotateEvery', 'rotationGrace', 'onSecretReuse', 'freshFor',
    'maxPerUser', 'userLimitPolicy', 'maxAnonymous', 'audit', 'diagnose',
  ])('has a field for %s, so that the environment can set it', (field) => {
    expect(fields).toContain(field)
  })
})

describe('envNameOf', () => {
  it('returns the environment variable from which Nitro reads a field', () => {
    expect(envNameOf('rememberIdleTimeout')).toBe('NUXT_CLOAKROOM_REMEMBER_IDLE_TIMEOUT')
    expect(envNameOf('store')).toBe('NUXT_CLOAKROOM_STORE')
  })
})
