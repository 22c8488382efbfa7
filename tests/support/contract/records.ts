import { beforeEach, describe, expect, it } from 'vitest'
import type { Subject } from './samples'
import { A, ABSOLUTE, B, GUARD, IDLE, NOW, keysOf, meta, owned } from './samples'

/** What holds for one record: read, create, replace, touch, remove. */
export function describeRecords(driver: Subject) {
  describe('read', () => {
    it('answers null for what was never there', async () => {
      expect(await driver().read(A)).toBeNull()
    })

    it('gives back what was created, letter for letter', async () => {
      const value = JSON.stringify({ text: 'é😀\u2028\0"\\', long: 'x'.repeat(60_000) })
      await driver().create(A, value, meta())
      expect(await driver().read(A)).toMatchObject({ value, version: 1, lastSeenAt: NOW })
    })

    it.each([
      ['nothing', ''],
      ['half a record', '{"schema":1,"da'],
      ['another type', 'null'],
      ['an older schema', '{"schema":0}'],
      ['a newer schema', '{"schema":99,"new":true}'],
      ['far more than a session may have', JSON.stringify('é'.repeat(1024 * 1024))],
    ])('gives back %s as it is, since soundness is not a driver\'s to judge (E10, E19)', async (_what, value) => {
      await driver().create(A, value, meta())
      expect(await driver().read(A)).toMatchObject({ value, version: 1, lastSeenAt: NOW })
    })

    it('gives back what has ended until it is swept, since the end is not a driver\'s to judge', async () => {
      await driver().create(A, 'ended', meta({ lastSeenAt: NOW - IDLE }))
      expect(await driver().read(A)).toMatchObject({ value: 'ended' })
      expect(await driver().create(A, 'second', meta())).toBe(false)
    })
  })

  describe('create', () => {
    it('refuses a key that exists, and writes nothing', async () => {
      expect(await driver().create(A, 'first', meta())).toBe(true)
      expect(await driver().create(A, 'second', meta({ lastSeenAt: NOW + 5 }))).toBe(false)
      expect(await driver().read(A)).toMatchObject({ value: 'first', version: 1, lastSeenAt: NOW })
    })

    it('refuses a key where a tombstone stands', async () => {
      await driver().create(A, 'first', meta())
      await driver().remove(A, NOW, 'signed_out')
      expect(await driver().create(A, 'second', meta())).toBe(false)
      expect(await driver().read(A)).toBeNull()
    })

    it('has one winner of many at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => driver().create(A, `value ${i}`, meta())))
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

    it('answers conflict at any other version, and writes nothing', async () => {
      await driver().replace(A, 'second', meta(), 1)
      for (const version of [0, 1, 3, -1]) expect(await driver().replace(A, 'other', meta(), version)).toBe('conflict')
      expect(await driver().read(A)).toMatchObject({ value: 'second', version: 2 })
    })

    it('answers gone where nothing is, and where a tombstone stands', async () => {
      expect(await driver().replace(B, 'value', meta(), 1)).toBe('gone')
      await driver().remove(A, NOW, 'signed_out')
      for (const version of [1, 2]) expect(await driver().replace(A, 'second', meta(), version)).toBe('gone')
      expect(await driver().read(A)).toBeNull()
      expect(await driver().read(B)).toBeNull()
    })

    it('has one winner of many at once', async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, i) => driver().replace(A, `value ${i}`, meta(), 1)))
      expect(outcomes.filter(outcome => outcome === 'replaced')).toHaveLength(1)
      expect(outcomes.filter(outcome => outcome === 'conflict')).toHaveLength(19)
      expect(await driver().read(A)).toMatchObject({ value: `value ${outcomes.indexOf('replaced')}`, version: 2 })
    })

    it('keeps the later of two times of activity', async () => {
      await driver().touch(A, NOW + 50)
      await driver().replace(A, 'second', meta({ lastSeenAt: NOW + 10 }), 1)
      expect((await driver().read(A))?.lastSeenAt).toBe(NOW + 50)
      await driver().replace(A, 'third', meta({ lastSeenAt: NOW + 90 }), 2)
      expect((await driver().read(A))?.lastSeenAt).toBe(NOW + 90)
    })

    it('keeps the owner, whatever the record says', async () => {
      await driver().enrol(B, 'ada\'s', owned('ada'), GUARD)
      await driver().replace(B, 'changed', meta({ owner: 'bob' }), 1)
      await driver().replace(A, 'changed', meta({ owner: 'bob' }), 1)
      expect(await keysOf(driver(), 'ada')).toEqual([B])
      expect(await keysOf(driver(), 'bob')).toEqual([])
    })

    it('moves the clocks that touch and sweep go by', async () => {
      await driver().replace(A, 'second', meta({ idleTimeout: 5 * IDLE, expiresAt: NOW + 2 * IDLE }), 1)
      expect(await driver().touch(A, NOW + 2 * IDLE - 1)).toBe(true)
      expect(await driver().touch(A, NOW + 2 * IDLE)).toBe(false)
    })
  })

  describe('touch', () => {
    beforeEach(() => driver().create(A, 'first', meta()))

    it('moves the idle clock and nothing else', async () => {
      expect(await driver().touch(A, NOW + 500)).toBe(true)
      expect(await driver().read(A)).toMatchObject({ value: 'first', version: 1, lastSeenAt: NOW + 500 })
    })

    it('never moves it back (K6)', async () => {
      await driver().touch(A, NOW + 500)
      expect(await driver().touch(A, NOW + 100)).toBe(true)
      expect((await driver().read(A))?.lastSeenAt).toBe(NOW + 500)
    })

    it('holds to the last millisecond of the idle clock (F12)', async () => {
      expect(await driver().touch(A, NOW + IDLE)).toBe(false)
      expect(await driver().touch(A, NOW + IDLE - 1)).toBe(true)
      expect(await driver().touch(A, NOW + 2 * IDLE - 2)).toBe(true)
    })

    it('holds to the last millisecond of the absolute clock', async () => {
      await driver().create(B, 'value', meta({ idleTimeout: 100 * ABSOLUTE }))
      expect(await driver().touch(B, NOW + ABSOLUTE)).toBe(false)
      expect(await driver().touch(B, NOW + ABSOLUTE - 1)).toBe(true)
    })

    it('answers false where nothing is, and where a tombstone stands (F5)', async () => {
      expect(await driver().touch(B, NOW)).toBe(false)
      await driver().remove(A, NOW, 'signed_out')
      expect(await driver().touch(A, NOW)).toBe(false)
      expect(await driver().read(A)).toBeNull()
    })

    it('makes no concurrent replace a conflict', async () => {
      await driver().touch(A, NOW + 1)
      expect(await driver().replace(A, 'second', meta(), 1)).toBe('replaced')
    })
  })

  describe('remove', () => {
    beforeEach(() => driver().create(A, 'first', meta()))

    it('leaves a tombstone that says why and when', async () => {
      expect(await driver().endOf(A)).toBeNull()
      expect(await driver().remove(A, NOW + 5, 'revoked')).toBe(true)
      expect(await driver().read(A)).toBeNull()
      expect(await driver().endOf(A)).toEqual({ reason: 'revoked', at: NOW + 5 })
    })

    it('for the reason expired takes only what has ended at that time (F12)', async () => {
      const { lastSeenAt, idleTimeout } = meta()
      const end = lastSeenAt + idleTimeout
      expect(await driver().remove(A, end - 1, 'expired')).toBe(false)
      expect(await driver().touch(A, end - 1)).toBe(true)
      expect(await driver().remove(A, end, 'expired')).toBe(false)
      expect(await driver().read(A)).not.toBeNull()
      expect(await driver().remove(A, end - 1 + idleTimeout, 'expired')).toBe(true)
      expect(await driver().endOf(A)).toMatchObject({ reason: 'expired' })
    })

    it('answers false where nothing is, and leaves no tombstone', async () => {
      expect(await driver().remove(B, NOW, 'signed_out')).toBe(false)
      expect(await driver().endOf(B)).toBeNull()
      expect(await driver().create(B, 'value', meta())).toBe(true)
    })

    it('happens once, and its first reason stays', async () => {
      const outcomes = await Promise.all(['signed_out', 'revoked', 'evicted'].map((reason, i) => driver().remove(A, NOW + i, reason as 'revoked')))
      expect(outcomes).toEqual([true, false, false])
      expect(await driver().endOf(A)).toEqual({ reason: 'signed_out', at: NOW })
    })

    it('wins over a write at the same time, whichever comes first (F4)', async () => {
      await Promise.all([driver().replace(A, 'second', meta(), 1), driver().remove(A, NOW, 'signed_out'), driver().replace(A, 'third', meta(), 2), driver().touch(A, NOW + 1), driver().create(A, 'fourth', meta())])
      expect(await driver().read(A)).toBeNull()
    })
  })
}
