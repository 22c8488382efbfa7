import memory from 'unstorage/drivers/memory'
import { describe, it } from 'vitest'
import { lockedDriver } from '../../../layers/session/server/drivers/locked'
import { parseConfig } from '../../../layers/session/server/engine/config'
import { SessionEngine } from '../../../layers/session/server/engine/engine'
import { generateKey, parseKeyRing } from '../../../layers/session/server/engine/key-ring'
import { races } from '../../../layers/session/testing/races'

describe('a driver of my own', () => {
  const driver = lockedDriver(memory())
  const ring = parseKeyRing(generateKey())

  it.each(races)('$name', async ({ run }) => {
    await run({ engines: [new SessionEngine({ driver, ring, config: parseConfig({}) })], rounds: 20 })
  })
})
