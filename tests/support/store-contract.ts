import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AtomicDriver, MaybePromise } from '../../layers/session/server/engine/store'
import { describeOwners } from './contract/owners'
import { describeRecords } from './contract/records'
import { describeSweeping } from './contract/sweeping'
import { describeUnstorage } from './contract/unstorage'

export interface ContractOptions {
  /** The store drops what has ended by itself and by its own clock, as Redis does: there is nothing to sweep. */
  readonly expiresItself?: boolean
  readonly knownBugs?: readonly KnownBug[]
}

/**
 * What a driver does wrong today. Its tests are then expected to fail, and say so once they pass.
 *
 * - `evicts early`: a sign-in that is refused in the end has evicted a session all the same
 * - `flat keys`: keys with a colon cannot be written through unstorage
 */
export type KnownBug = 'evicts early' | 'flat keys'

/**
 * What every driver promises, as tests: each sentence of `AtomicDriver`, and that it is a driver to unstorage too.
 *
 * @param makeDriver opens an empty store; it is disposed of after each test
 */
export function describeStoreContract(name: string, makeDriver: () => MaybePromise<AtomicDriver>, { expiresItself = false, knownBugs = [] }: ContractOptions = {}) {
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
    describeOwners(() => driver, knownBugs.includes('evicts early') ? it.fails : it)
    if (!expiresItself) describeSweeping(() => driver)
    describeUnstorage(() => driver, knownBugs.includes('flat keys') ? it.fails : it)
  })
}
