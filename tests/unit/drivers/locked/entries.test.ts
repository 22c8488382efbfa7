import { describe, expect, it } from 'vitest'
import type { Driver } from 'unstorage'
import lruCache from 'unstorage/drivers/lru-cache'
import memory from 'unstorage/drivers/memory'
import { lockedDriver } from '../../../../layers/session/server/drivers/locked'
import { A, ABSOLUTE, B, C, GUARD, KEYS, NOW, keysOf, meta, owned } from '../../../support/contract/samples'

/** unstorage's memory driver, that fails when told to: before a write has happened, or after. */
function faulty() {
  const inner = memory()
  let fault: 'before' | 'after' | undefined
  const driver: Driver = {
    ...inner,
    setItem(key, value) {
      if (fault === 'before') throw new Error('no answer')
      inner.setItem!(key, value, {})
      if (fault === 'after') throw new Error('no answer')
    },
  }
  return { driver, break: (when: typeof fault) => void (fault = when) }
}

describe('a lock around a driver that fails', () => {
  it.each(['before', 'after'] as const)('finds all sessions of an owner even if a write failed %s it happened', async (when) => {
    const storage = faulty()
    const driver = lockedDriver(storage.driver)
    await driver.enrol(A, 'first', owned('ada'), GUARD)
    storage.break(when)
    await expect(driver.enrol(B, 'second', owned('ada'), GUARD)).rejects.toThrow('no answer')
    await expect(driver.remove(A, NOW, 'signed_out')).rejects.toThrow('no answer')
    storage.break(undefined)
    const expected = when === 'before' ? [A] : [B]
    expect(await keysOf(driver, 'ada')).toEqual(expected)
    expect(await driver.removeByOwner('ada', NOW)).toEqual(expected)
    expect(await driver.read(A)).toBeNull()
    expect(await driver.read(B)).toBeNull()
  })

  it('tries again to read the whole storage', async () => {
    const inner = memory()
    let broken = true
    const getKeys = () => {
      if (broken) throw new Error('no answer')
      return inner.getKeys('', {})
    }
    const driver = lockedDriver({ ...inner, getKeys })
    await expect(driver.create(A, 'value', meta())).rejects.toThrow('no answer')
    broken = false
    expect(await driver.create(A, 'value', meta())).toBe(true)
  })

  it('takes an error that is given back as a value for an error, never for a session', async () => {
    const driver = lockedDriver({ ...memory(), getItem: () => new Error('EIO: i/o error') as never })
    await expect(driver.read(A)).rejects.toThrow('EIO')
  })

  it('refuses to work on a driver that only reads', async () => {
    const driver = lockedDriver({ name: 'http', hasItem: () => false, getItem: () => null, getKeys: () => [] })
    await expect(driver.create(A, 'value', meta())).rejects.toThrow('[session] [store:http] is read-only')
    await expect(driver.removeItem!(A, {})).rejects.toThrow('[session] [store:http] cannot delete')
  })
})

describe('a lock around a driver that forgets by itself', () => {
  it('counts only sessions that are still there', async () => {
    const driver = lockedDriver(lruCache({ max: 2 }))
    const guard = { ...GUARD, max: 3, policy: 'reject' as const }
    for (const [index, key] of KEYS.slice(0, 5).entries()) {
      expect(await driver.enrol(key, 'value', owned('ada', { createdAt: NOW + index }), guard)).toMatchObject({ outcome: 'written' })
    }
    expect(await keysOf(driver, 'ada')).toEqual([KEYS[4], KEYS[3]])
  })

  it('looks only once for what is gone', async () => {
    const inner = lruCache({ max: 2 })
    const asked: string[] = []
    const driver = lockedDriver({ ...inner, getItem: key => (asked.push(key), inner.getItem(key, {})) })
    for (const key of KEYS.slice(0, 5)) await driver.create(key, 'value', meta())
    await driver.trimAnonymous(2, 10)
    asked.length = 0
    expect(await driver.trimAnonymous(2, 10)).toBe(0)
    expect(asked).toEqual([])
  })
})

describe('a lock around a storage that somebody has meddled with', () => {
  it.each(['not JSON', '{}', '[]', 'null', '5', '{"removed":null}', '{"removed":{}}', '{"value":1,"meta":{}}', '{"value":"x","meta":null}', '{"value":"x","version":1,"lastSeenAt":1,"meta":{"owner":"ada"}}'])('hands %s on for the engine to judge, and still lists and sweeps the rest (E10)', async (text) => {
    const storage = memory()
    await storage.setItem!(C, text, {})
    const driver = lockedDriver(storage)
    await driver.enrol(A, 'value', owned('ada'), GUARD)
    expect(await driver.read(C)).toMatchObject({ value: text })
    expect(await driver.endOf(C)).toBeNull()
    expect(await keysOf(driver, 'ada')).toEqual([A])
    expect(await driver.sweep(NOW + ABSOLUTE, 10)).toBe(1)
    expect(await driver.trimAnonymous(1, 10)).toBe(0)
  })
})
