import { afterAll, beforeAll, describe, it } from 'vitest'
import type { SessionEngine } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/engine'
import type { AtomicDriver } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { races } from '../../packages/nuxt-cloakroom/src/testing/races'
import { createEngine } from '../support/real-engine'
import { rounds } from '../support/limits'
import { close, storeKinds } from '../support/stores'

const ROUNDS = rounds(100, 1000)

describe.each(storeKinds)('on $name', ({ prepare, shared, skip }) => {
  describe.skipIf(skip)('the session engine', () => {
    let store: Awaited<ReturnType<typeof prepare>>
    let drivers: AtomicDriver[]

    beforeAll(async () => {
      store = await prepare()
      // Two drivers on one store represent two servers, if several servers may share the store.
      drivers = Array.from({ length: shared ? 2 : 1 }, () => store.open())
    })

    afterAll(async () => {
      for (const driver of drivers) await close(driver)
      await store.dispose()
    })

    it.each(races)(`$name (${ROUNDS} rounds)`, async ({ run }) => {
      await run({ engines: drivers.map(driver => createEngine(driver)) as [SessionEngine], rounds: ROUNDS })
    })
  })
})
