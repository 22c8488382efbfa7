import { describe, expect, it } from 'vitest'
import { SessionError } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/errors'
import { Generations } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/generations'
import type { GuardedStore } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/guarded-store'
import { PendingRemovals } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/pending-removals'

const MAX_PENDING = 10_000

describe('PendingRemovals', () => {
  it('forgets the oldest removal when more than ten thousand are pending', async () => {
    const unavailable = () => Promise.reject(new SessionError('store_unavailable', 'The store is down.'))
    const store = { remove: unavailable, readTombstone: unavailable } as unknown as GuardedStore
    const removals = new PendingRemovals(store, Date.now, { emit: () => {} }, new Generations())
    for (let count = 0; count < MAX_PENDING; count++) await removals.tryRemove(`key ${count}`, 'signed_out')
    expect(removals.has('key 0')).toBe(true)
    await removals.tryRemove('one more', 'signed_out')
    expect(['key 0', 'key 1', 'one more'].map(key => removals.has(key))).toEqual([false, true, true])
  })
})
