import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AtomicDriver, MaybePromise } from '../../layers/session/server/engine/store'
import { describeOwners } from './contract/owners'
import { describeRecords } from './contract/records'
import { describeSweeping, describeTrimming } from './contract/sweeping'
import { describeUnstorage } from './contract/unstorage'

export interface ContractOptions {
  /** The store drops what has ended by itself and by its own clock, as Redis does: there is nothing to sweep. */
  readonly expiresItself?: boolean
}

/**
 * What every driver promises, as tests: each sentence of `AtomicDriver`, and that it is a driver to unstorage too.
 *
 * @param makeDriver opens an empty store; it is disposed of after each test
 */
export function describeStoreContract(name: string, makeDriver: () => MaybePromise<AtomicDriver>, { expiresItself = false }: ContractOptions = {}) {
  describe(`${name} keeps the store contract`, () => {
    let driver: AtomicDriver

    beforeEach(async () => {
      driver = await makeDriver()
    })

    afterEach(() => driver.dispose?.())

    it('says between whom its promises hold', () => {
      expect(['cross-process', 'process']).toContain(driver.atomicity)
    })

    describeRecords(() => driver)
    describeOwners(() => driver)
    if (!expiresItself) describeSweeping(() => driver)
    describeTrimming(() => driver)
    describeUnstorage(() => driver)
  })
}
