import { describe, expect, it } from 'vitest'
import type { ModuleOptions } from '../../../packages/nuxt-cloakroom/src/options'
import { assertNuxt4, checkOptions, requiredStores, storesTemplate } from '../../../packages/nuxt-cloakroom/src/options'

describe('the options', () => {
  it('may all be left out', () => {
    expect(() => checkOptions({}, undefined)).not.toThrow()
  })

  it.each<[unknown, unknown, string]>([
    [{ idelTimeout: '5m' }, {}, 'cloakroom.idelTimeout is not a setting of nuxt-cloakroom. '
    + 'Did you mean cloakroom.idleTimeout?'],
    [{ store: 'memory:', storse: [] }, {}, 'cloakroom.storse is not a setting of nuxt-cloakroom. '
    + 'Did you mean cloakroom.store?'],
    [{}, { maxPerUsers: 3 }, 'runtimeConfig.cloakroom.maxPerUsers is not a setting of nuxt-cloakroom. '
    + 'Did you mean runtimeConfig.cloakroom.maxPerUser?'],
    [{ stores: ['sqlite', 'postgres'] }, {}, 'cloakroom.stores lists "postgres", which is not a store. '
    + 'Use sqlite, redis, fs.'],
    [{ idleTimeout: 30 }, {}, 'cloakroom.idleTimeout is not a duration. '
    + 'Write a number and a unit, for example 30m, 12h or 7d.'],
  ])('%j with the runtime configuration %j stop the build', (options, runtimeConfig, message) => {
    expect(() => checkOptions(options as ModuleOptions, runtimeConfig)).toThrow(`[cloakroom] ${message}`)
  })
})

describe('the stores in the build', () => {
  it.each<[ModuleOptions, Record<string, string>, string[]]>([
    [{}, {}, ['sqlite']],
    [{ store: 'redis://localhost' }, {}, ['redis']],
    [{ store: 'rediss://localhost' }, {}, ['redis']],
    [{ store: 'fs:.data' }, {}, ['fs']],
    [{ store: 'memory:' }, {}, []],
    [{ store: 'mount:data' }, {}, []],
    [{ store: 'memory:' }, { NUXT_CLOAKROOM_STORE: 'redis://localhost' }, ['redis']],
    [{ store: 'memory:', stores: ['sqlite', 'fs'] }, { NUXT_CLOAKROOM_STORE: 'memory:' }, ['sqlite', 'fs']],
  ])('for the options %j and the environment %j are %j', (options, env, stores) => {
    expect(requiredStores(options, env)).toEqual(stores)
  })

  it('are the only ones that the generated module imports', () => {
    expect(storesTemplate(['redis'], '/stores')).toBe(`import { openRedis } from "/stores/redis"
export const storeOpeners = { redis: openRedis, rediss: openRedis }
`)
    expect(storesTemplate([], '/stores')).toBe('export const storeOpeners = {  }\n')
  })
})

it.each(['4.0.0', '4.5.2', '4.99.0-29300000.abcdef'])('Nuxt %s is supported', (version) => {
  expect(() => assertNuxt4(version)).not.toThrow()
})

it('Nuxt 3 is not supported', () => {
  expect(() => assertNuxt4('3.21.0')).toThrow('[cloakroom] nuxt-cloakroom does not support Nuxt 3.21.0: use Nuxt 4.')
})

it.each(['5.0.0', '5.0.0-29300000.abcdef', '10.0.0'])('Nuxt %s is not supported, in one sentence', (version) => {
  expect(() => assertNuxt4(version)).toThrow(
    `[cloakroom] nuxt-cloakroom does not support Nuxt ${version} yet: on Nitro 3 its guards would have no effect, so `
    + 'use Nuxt 4.',
  )
})
