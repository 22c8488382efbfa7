import { randomUUID } from 'node:crypto'
import fsLite from 'unstorage/drivers/fs-lite'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { lockedDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/locked'
import { makeDirectory } from '../../support/directory'
import { describeStoreContract } from '../../support/store-contract'
import { storeKinds } from '../../support/stores'

describe.each(storeKinds.filter(({ name }) => name.startsWith('unstorage')))('lockedDriver around $name', (kind) => {
  let prepared: Awaited<ReturnType<typeof kind.prepare>>

  beforeAll(async () => {
    prepared = await kind.prepare()
  })

  afterAll(() => prepared.dispose())

  describeStoreContract(kind.name, () => prepared.open(randomUUID()))
})

describe('lockedDriver around unstorage fs-lite', () => {
  const directory = makeDirectory()

  afterEach(directory.remove)

  describeStoreContract('unstorage fs-lite', () => lockedDriver(fsLite({ base: directory.path('sessions') })))
})
