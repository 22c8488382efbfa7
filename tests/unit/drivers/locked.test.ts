import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { describeStoreContract } from '../../support/store-contract'
import type { KnownBug } from '../../support/store-contract'
import { storeKinds } from '../../support/stores'

describe.each(storeKinds.filter(({ name }) => name.startsWith('unstorage')))('a lock around $name', (kind) => {
  let prepared: Awaited<ReturnType<typeof kind.prepare>>
  const knownBugs: KnownBug[] = kind.name.includes('fs') ? ['evicts early', 'flat keys'] : ['evicts early']

  beforeAll(async () => {
    prepared = await kind.prepare()
  })

  afterAll(() => prepared.dispose())

  describeStoreContract(kind.name, () => prepared.open(randomUUID()), { knownBugs })
})
