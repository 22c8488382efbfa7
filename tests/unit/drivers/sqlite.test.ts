import { afterEach, beforeEach, describe, vi } from 'vitest'
import { sqliteDriver } from '../../../layers/session/server/drivers/sqlite'
import { describeNews } from '../../support/contract/news'
import { describeStoreContract } from '../../support/store-contract'
import { makeDirectory } from '../../support/directory'

/** After which a driver looks whether another process has written. */
const LOOK_EVERY_MS = 500

describe('sqlite', () => {
  const directory = makeDirectory()
  const open = () => sqliteDriver({ path: directory.path('sessions.db') })

  afterEach(directory.remove)

  describeStoreContract('sqlite', () => open())

  describe('with a timer in the test\'s hands', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
    afterEach(() => void vi.useRealTimers())
    describeNews(() => [open(), open()], () => void vi.advanceTimersByTime(LOOK_EVERY_MS))
  })
})
