import type { Driver } from 'unstorage'
import lruCache from 'unstorage/drivers/lru-cache'
import memory from 'unstorage/drivers/memory'
import { describe, expect, it } from 'vitest'
import type { UserLimit } from '../../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import { lockedDriver } from '../../../../packages/nuxt-cloakroom/src/runtime/server/stores/locked'
import {
  A, ABSOLUTE, B, C, KEYS, LIMIT, NOW, keysOf, meta, userMeta,
} from '../../../support/contract/samples'

/** unstorage's memory driver, whose writes fail on request: before or after they are stored. */
function faultyStorage() {
  const inner = memory()
  let fault: 'before' | 'after' | undefined
  const driver: Driver = {
    ...inner,
    setItem(key, value) {
      if (fault === 'before') throw new Error('no response')
      inner.setItem!(key, value, {})
      if (fault === 'after') throw new Error('no response')
    },
  }
  return {
    driver,
    failWrites(when: typeof fault) {
      fault = when
    },
  }
}

describe('lockedDriver around a storage that fails', () => {
  it.each([
    'before', 'after',
  ] as const)('finds all sessions of a user even if writes failed %s they were stored', async (when) => {
    const storage = faultyStorage()
    const driver = lockedDriver(storage.driver)
    await driver.assignUser(A, 'first', userMeta('ada'), LIMIT)
    storage.failWrites(when)
    await expect(driver.assignUser(B, 'second', userMeta('ada'), LIMIT)).rejects.toThrow('no response')
    await expect(driver.remove(A, NOW, 'signed_out')).rejects.toThrow('no response')
    storage.failWrites(undefined)
    const expected = when === 'before' ? [A] : [B]
    expect(await keysOf(driver, 'ada')).toEqual(expected)
    expect(await driver.removeByUser('ada', NOW)).toEqual(expected)
    expect(await driver.read(A)).toBeNull()
    expect(await driver.read(B)).toBeNull()
  })

  it('tries again to read the whole storage if that failed', async () => {
    const inner = memory()
    let isFailing = true
    const getKeys = () => {
      if (isFailing) throw new Error('no response')
      return inner.getKeys('', {})
    }
    const driver = lockedDriver({ ...inner, getKeys })
    await expect(driver.create(A, 'value', meta())).rejects.toThrow('no response')
    isFailing = false
    expect(await driver.create(A, 'value', meta())).toBe(true)
  })

  it('throws an error that the storage returns as a value', async () => {
    const driver = lockedDriver({ ...memory(), getItem: () => new Error('EIO: i/o error') as never })
    await expect(driver.read(A)).rejects.toThrow('EIO')
  })

  it('refuses to write to a read-only storage', async () => {
    const driver = lockedDriver({ name: 'http', hasItem: () => false, getItem: () => null, getKeys: () => [] })
    await expect(driver.create(A, 'value', meta())).rejects.toThrow('[cloakroom] [store:http] is read-only')
    await expect(driver.removeItem!(A, {})).rejects.toThrow('[cloakroom] [store:http] cannot delete')
  })
})

describe('lockedDriver around a storage that evicts entries', () => {
  it('counts only sessions that are still stored', async () => {
    const driver = lockedDriver(lruCache({ max: 2 }))
    const limit: UserLimit = { ...LIMIT, max: 3, policy: 'reject' }
    for (const [index, key] of KEYS.slice(0, 5).entries()) {
      const signIn = driver.assignUser(key, 'value', userMeta('ada', { createdAt: NOW + index }), limit)
      expect(await signIn).toMatchObject({ outcome: 'written' })
    }
    expect(await keysOf(driver, 'ada')).toEqual([KEYS[4], KEYS[3]])
  })

  it('reads an evicted entry only once', async () => {
    const inner = lruCache({ max: 2 })
    const keysRead: string[] = []
    const getItem = (key: string) => {
      keysRead.push(key)
      return inner.getItem(key, {})
    }
    const driver = lockedDriver({ ...inner, getItem })
    for (const key of KEYS.slice(0, 5)) await driver.create(key, 'value', meta())
    await driver.trimAnonymous(2, 10)
    keysRead.length = 0
    expect(await driver.trimAnonymous(2, 10)).toBe(0)
    expect(keysRead).toEqual([])
  })
})

describe('lockedDriver around a storage with values of another program', () => {
  it.each([
    'not JSON', '{}', '[]', 'null', '5',
    '{"tombstone":null}', '{"tombstone":{}}', '{"tombstone":{"removedAt":1}}',
    '{"value":1,"meta":{}}', '{"value":"x","meta":null}',
    '{"value":"x","version":1,"lastSeenAt":1,"meta":{"userId":"ada"}}',
  ])('returns %s for the core to validate, and still lists and sweeps the rest', async (text) => {
    const storage = memory()
    await storage.setItem!(C, text, {})
    const driver = lockedDriver(storage)
    await driver.assignUser(A, 'value', userMeta('ada'), LIMIT)
    expect(await driver.read(C)).toMatchObject({ value: text })
    expect(await driver.readTombstone(C)).toBeNull()
    expect(await keysOf(driver, 'ada')).toEqual([A])
    expect(await driver.sweep(NOW + ABSOLUTE, 10)).toBe(1)
    expect(await driver.trimAnonymous(1, 10)).toBe(0)
  })
})
