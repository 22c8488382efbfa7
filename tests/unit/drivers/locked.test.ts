import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import fsLite from 'unstorage/drivers/fs-lite'
import { lockedDriver } from '../../../layers/session/server/drivers/locked'
import { makeDirectory } from '../../support/directory'
import { describeStoreContract } from '../../support/store-contract'
import { storeKinds } from '../../support/stores'

describe.each(storeKinds.filter(({ name }) => name.startsWith('unstorage')))('a lock around $name', (kind) => {
  let prepared: Awaited<ReturnType<typeof kind.prepare>>

  beforeAll(async () => {
    prepared = await kind.prepare()
  })

  afterAll(() => prepared.dispose())

  describeStoreContract(kind.name, () => prepared.open(randomUUID()))
})

describe('a lock around unstorage fs-lite', () => {
  const directory = makeDirectory()

  afterEach(directory.remove)

  describeStoreContract('unstorage fs-lite', () => lockedDriver(fsLite({ base: directory.path('sessions') })))
})
