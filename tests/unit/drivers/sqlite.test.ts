import { afterEach, describe } from 'vitest'
import { sqliteDriver } from '../../../layers/session/server/drivers/sqlite'
import { describeStoreContract } from '../../support/store-contract'
import { makeDirectory } from '../../support/directory'

describe('sqlite', () => {
  const directory = makeDirectory()

  afterEach(directory.remove)

  describeStoreContract('sqlite', () => sqliteDriver({ path: directory.path('sessions.db') }))
})
