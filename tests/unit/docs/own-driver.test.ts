import memory from 'unstorage/drivers/memory'
import { describe, it } from 'vitest'
import { parseConfig } from '../../../packages/nuxt-cloakroom/src/runtime/server/nitro/settings'
import { SessionEngine } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import { generateKey, parseKeyRing } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/key-ring'
import { lockedDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/locked'
import { races } from '../../../packages/nuxt-cloakroom/src/testing/races'

describe('a custom driver', () => {
  const driver = lockedDriver(memory())
  const ring = parseKeyRing(generateKey())

  it.each(races)('$name', async ({ run }) => {
    await run({ engines: [new SessionEngine({ driver, ring, config: parseConfig({}) })], rounds: 20 })
  })
})
