import { beforeEach, describe, expect, it } from 'vitest'
import type { CurrentDriver } from './samples'
import { A, ABSOLUTE, B, C, IDLE, KEYS, LIMIT, NOW, keysOf, meta, userMeta } from './samples'

/** The contract for a single record: read, create, replace, touch, remove. */
export function describeRecords(driver: CurrentDriver) {
  describe('read', () => {
    it('returns null for a key that was never written', async () => {
      expect(await driver().read(A)).toBeNull()
    })

    it('returns the value exactly as it was created', async () => {
      const value = JSON.stringify({ text: 'é😀\u2028\0"\\', long: 'x'.repeat(60_000) })
      await driver().create(A, value, meta())
      expect(await driver().read(A)).toMatchObject({ value, version: 1, lastSeenAt: NOW })
    })

    it.each([
      ['an empty text', ''],
      ['half a record', '{"schema":1,"da'],
      ['a value of another type', 'null'],
      ['a record of an older schema', '{"schema":0}'],
      ['a record of a newer schema', '{"schema":99,"new":true}'],
      ['a value far larger than a session may be', JSON.stringify('é'.repeat(1024 * 1024))],
    ])('returns %s unchanged, because the core validates values', async (_what, value) => {
      await driver().create(A, value, meta())
      expect(await driver().read(A)).toMatchObject({ value, version: 1, lastSeenAt: NOW })
    })

    it('returns an expired record until it is swept, because the core decides about expiry', async () => {
      await driver().create(A, 'expired', meta({ lastSeenAt: NOW - IDLE }))
      expect(await driver().read(A)).toMatchObject({ value: 'expired' })
      expect(await driver().create(A, 'second', meta())).toBe(false)
    })
  })

  describe('create', () => {
    it('returns false for an existing key and writes nothing', async () => {
      expect(await driver().create(A, 'first', meta())).toBe(true)
      expect(await driver().create(A, 'second', meta({ lastSeenAt: NOW + 5 }))).toBe(false)
      expect(await driver().read(A)).toMatchObject({ value: 'first', version: 1, lastSeenAt: NOW })
    })

    it('returns false for a key with a tombstone and writes nothing', async () => {
      await driver().create(A, 'first', meta())
      await driver().remove(A, NOW, 'signed_out')
      expect(await driver().create(A, 'second', meta())).toBe(false)
      expect(await driver().read(A)).toBeNull()
    })

    it('succeeds for exactly one of many parallel calls', async () => {
      const calls = Array.from({ length: 20 }, (_, i) => driver().create(A, `value ${i}`, meta()))
      const outcomes = await Promise.all(calls)
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      expect((await driver().read(A))?.value).toBe(`value ${outcomes.indexOf(true)}`)
    })
  })

  describe('replace', () => {
    beforeEach(() => driver().create(A, 'first', meta()))

    it('writes the next version', async () => {
      expect(await driver().replace(A, 'second', meta(), 1)).toBe('replaced')
      expect(await driver().replace(A, 'third', meta(), 2)).toBe('replaced')
      expect(await driver().read(A)).toMatchObject({ value: 'third', version: 3 })
    })

    it('returns conflict for any other version and writes nothing', async () => {
      await driver().replace(A, 'second', meta(), 1)
      for (const version of [0, 1, 3, -1]) {
        expect(await driver().replace(A, 'other', meta(), version)).toBe('conflict')
      }
      expect(await driver().read(A)).toMatchObject({ value: 'second', version: 2 })
    })

    it('returns gone for a missing key and for a tombstone', async () => {
      expect(await driver().replace(B, 'value', meta(), 1)).toBe('gone')
      await driver().remove(A, NOW, 'signed_out')
      for (const version of [1, 2]) expect(await driver().replace(A, 'second', meta(), version)).toBe('gone')
      expect(await driver().read(A)).toBeNull()
      expect(await driver().read(B)).toBeNull()
    })

    it('succeeds for exactly one of many parallel calls', async () => {
      const calls = Array.from({ length: 20 }, (_, i) => driver().replace(A, `value ${i}`, meta(), 1))
      const outcomes = await Promise.all(calls)
      expect(outcomes.filter(outcome => outcome === 'replaced')).toHaveLength(1)
      expect(outcomes.filter(outcome => outcome === 'conflict')).toHaveLength(19)
      expect(await driver().read(A)).toMatchObject({ value: `value ${outcomes.indexOf('replaced')}`, version: 2 })
    })

    it('keeps the later of the stored and the given lastSeenAt', async () => {
      await driver().touch(A, NOW + 50)
      await driver().replace(A, 'second', meta({ lastSeenAt: NOW + 10 }), 1)
      expect((await driver().read(A))?.lastSeenAt).toBe(NOW + 50)
      await driver().replace(A, 'third', meta({ lastSeenAt: NOW + 90 }), 2)
      expect((await driver().read(A))?.lastSeenAt).toBe(NOW + 90)
    })

    it('keeps the user, even if the metadata names another one', async () => {
      await driver().assignUser(B, 'a session of ada', userMeta('ada'), LIMIT)
      await driver().replace(B, 'changed', meta({ userId: 'bob' }), 1)
      await driver().replace(A, 'changed', meta({ userId: 'bob' }), 1)
      expect(await keysOf(driver(), 'ada')).toEqual([B])
      expect(await keysOf(driver(), 'bob')).toEqual([])
    })

    it('changes the timeouts that touch and sweep use', async () => {
      await driver().replace(A, 'second', meta({ idleTimeout: 5 * IDLE, expiresAt: NOW + 2 * IDLE }), 1)
      expect(await driver().touch(A, NOW + 2 * IDLE - 1)).toBe(true)
      expect(await driver().touch(A, NOW + 2 * IDLE)).toBe(false)
    })
  })

  describe('touch', () => {
    beforeEach(() => driver().create(A, 'first', meta()))

    it('changes lastSeenAt and nothing else', async () => {
      expect(await driver().touch(A, NOW + 500)).toBe(true)
      expect(await driver().read(A)).toMatchObject({ value: 'first', version: 1, lastSeenAt: NOW + 500 })
    })

    it('never moves lastSeenAt back', async () => {
      await driver().touch(A, NOW + 500)
      expect(await driver().touch(A, NOW + 100)).toBe(true)
      expect((await driver().read(A))?.lastSeenAt).toBe(NOW + 500)
    })

    it('succeeds until the last millisecond of the idle timeout', async () => {
      expect(await driver().touch(A, NOW + IDLE)).toBe(false)
      expect(await driver().touch(A, NOW + IDLE - 1)).toBe(true)
      expect(await driver().touch(A, NOW + 2 * IDLE - 2)).toBe(true)
    })

    it('succeeds until the last millisecond before the absolute expiry', async () => {
      await driver().create(B, 'value', meta({ idleTimeout: 100 * ABSOLUTE }))
      expect(await driver().touch(B, NOW + ABSOLUTE)).toBe(false)
      expect(await driver().touch(B, NOW + ABSOLUTE - 1)).toBe(true)
    })

    it('returns false for a missing key and for a tombstone', async () => {
      expect(await driver().touch(B, NOW)).toBe(false)
      await driver().remove(A, NOW, 'signed_out')
      expect(await driver().touch(A, NOW)).toBe(false)
      expect(await driver().read(A)).toBeNull()
    })

    it('causes no conflict for a replace of the same version', async () => {
      await driver().touch(A, NOW + 1)
      expect(await driver().replace(A, 'second', meta(), 1)).toBe('replaced')
    })
  })

  describe('remove', () => {
    beforeEach(() => driver().create(A, 'first', meta()))

    it('leaves a tombstone with the reason and the time', async () => {
      expect(await driver().readTombstone(A)).toBeNull()
      expect(await driver().remove(A, NOW + 5, 'revoked')).toBe(true)
      expect(await driver().read(A)).toBeNull()
      expect(await driver().readTombstone(A)).toEqual({ reason: 'revoked', removedAt: NOW + 5 })
    })

    it('removes for the reason expired only a record that has expired at the given time', async () => {
      const { lastSeenAt, idleTimeout } = meta()
      const expiry = lastSeenAt + idleTimeout
      expect(await driver().remove(A, expiry - 1, 'expired')).toBe(false)
      expect(await driver().touch(A, expiry - 1)).toBe(true)
      expect(await driver().remove(A, expiry, 'expired')).toBe(false)
      expect(await driver().read(A)).not.toBeNull()
      expect(await driver().remove(A, expiry - 1 + idleTimeout, 'expired')).toBe(true)
      expect(await driver().readTombstone(A)).toMatchObject({ reason: 'expired' })
    })

    it('leaves the tag of the record that it removes in the tombstone', async () => {
      await driver().replace(A, 'second', meta({ secretTag: 'second' }), 1)
      await driver().remove(A, NOW, 'signed_out')
      await driver().create(B, 'first', meta({ secretTag: 'first' }))
      await driver().assignUser(B, 'second', userMeta('ada', { secretTag: 'ada' }), LIMIT, 1)
      await driver().removeByUser('ada', NOW)
      await driver().assignUser(C, 'first', userMeta('bob', { secretTag: 'evicted' }), LIMIT)
      await driver().assignUser(KEYS[3]!, 'second', userMeta('bob'), { ...LIMIT, max: 1 })
      const tombstones = await Promise.all([A, B, C].map(key => driver().readTombstone(key)))
      expect(tombstones.map(tombstone => tombstone?.secretTag)).toEqual(['second', 'ada', 'evicted'])
    })

    it('returns false for a missing key and leaves no tombstone', async () => {
      expect(await driver().remove(B, NOW, 'signed_out')).toBe(false)
      expect(await driver().readTombstone(B)).toBeNull()
      expect(await driver().create(B, 'value', meta())).toBe(true)
    })

    it('succeeds once and keeps the first reason', async () => {
      const reasons = ['signed_out', 'revoked', 'evicted'] as const
      const outcomes = await Promise.all(reasons.map((reason, i) => driver().remove(A, NOW + i, reason)))
      expect(outcomes).toEqual([true, false, false])
      expect(await driver().readTombstone(A)).toEqual({ reason: 'signed_out', removedAt: NOW })
    })

    it('wins over parallel writes of the same session', async () => {
      await Promise.all([
        driver().replace(A, 'second', meta(), 1),
        driver().remove(A, NOW, 'signed_out'),
        driver().replace(A, 'third', meta(), 2),
        driver().touch(A, NOW + 1),
        driver().create(A, 'fourth', meta()),
      ])
      expect(await driver().read(A)).toBeNull()
    })
  })
}
