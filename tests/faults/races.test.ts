import { afterAll, beforeAll, describe, it } from 'vitest'
import type { SessionEngine } from '../../layers/session/server/engine/engine'
import type { AtomicDriver } from '../../layers/session/server/engine/store'
import { races } from '../../layers/session/testing/races'
import { makeEngine } from '../support/real-engine'
import { rounds } from '../support/soak'
import { close, storeKinds } from '../support/stores'

const ROUNDS = rounds(100, 1000)

describe.each(storeKinds)('on $name', ({ prepare, shared, skip }) => {
  describe.skipIf(skip)('the session engine', () => {
    let store: Awaited<ReturnType<typeof prepare>>
    let drivers: AtomicDriver[]

    beforeAll(async () => {
      store = await prepare()
      // Two drivers on one store stand for two servers, where the store is for several.
      drivers = Array.from({ length: shared ? 2 : 1 }, () => store.open())
    })

    afterAll(async () => {
      for (const driver of drivers) await close(driver)
      await store.dispose()
    })

    it.each(races)(`$name (${ROUNDS} rounds)`, async ({ run }) => {
      await run({ engines: drivers.map(driver => makeEngine(driver)) as [SessionEngine], rounds: ROUNDS })
    })
  })
})
