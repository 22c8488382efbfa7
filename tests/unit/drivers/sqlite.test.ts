import { afterEach, describe } from 'vitest'
import { sqliteDriver } from '../../../layers/session/server/drivers/sqlite'
import { describeNews } from '../../support/contract/news'
import { describeStoreContract } from '../../support/store-contract'
import { makeDirectory } from '../../support/directory'

describe('sqlite', () => {
  const directory = makeDirectory()
  const open = () => sqliteDriver({ path: directory.path('sessions.db') })

  afterEach(directory.remove)

  describeStoreContract('sqlite', () => open())
  describeNews(() => [open(), open()])
})
