import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AtomicDriver, MaybePromise } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { describeRecords } from './contract/records'
import { describeRotation } from './contract/rotation'
import { describeSweeping, describeTrimming } from './contract/sweeping'
import { describeUnstorage } from './contract/unstorage'
import { describeUsers } from './contract/users'

export interface ContractOptions {
  /** The store deletes expired records automatically and by its own clock, like Redis, so there is nothing to sweep. */
  readonly expiresItself?: boolean
}

/**
 * Tests of the contract that every driver must meet: each sentence of `AtomicDriver`, and the plain unstorage methods.
 *
 * @param openDriver opens an empty store; it is disposed of after each test
 */
export function describeStoreContract(
  name: string,
  openDriver: () => MaybePromise<AtomicDriver>,
  { expiresItself = false }: ContractOptions = {},
) {
  describe(`the store contract, with ${name}`, () => {
    let driver: AtomicDriver

    beforeEach(async () => {
      driver = await openDriver()
    })

    afterEach(() => driver.dispose?.())

    it('declares whether its guarantees hold across processes or within one', () => {
      expect(['cross-process', 'process']).toContain(driver.atomicity)
    })

    describeRecords(() => driver)
    describeUsers(() => driver)
    if (!expiresItself) describeSweeping(() => driver)
    describeTrimming(() => driver)
    describeUnstorage(() => driver)
    describeRotation(() => driver)
  })
}
