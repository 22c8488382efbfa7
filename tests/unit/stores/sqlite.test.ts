import { afterEach, beforeEach, describe, vi } from 'vitest'
import { sqliteDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/sqlite'
import { describeChanges } from '../../support/contract/changes'
import { makeDirectory } from '../../support/directory'
import { describeStoreContract } from '../../support/store-contract'

const POLL_INTERVAL_MS = 500

describe('sqliteDriver', () => {
  const directory = makeDirectory()
  const open = () => sqliteDriver({ path: directory.path('sessions.db') })

  afterEach(directory.remove)

  describeStoreContract('SQLite', () => open())

  describe('with fake timers', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    })

    afterEach(() => {
      vi.useRealTimers()
    })

    describeChanges(() => [open(), open()], () => {
      vi.advanceTimersByTime(POLL_INTERVAL_MS)
    })
  })
})
