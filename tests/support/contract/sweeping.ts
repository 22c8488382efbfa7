import { describe, expect, it } from 'vitest'
import { ANONYMOUS_TOMBSTONE_LIFETIME, REVOCATION_LIFETIME, TOMBSTONE_LIFETIME } from '../../../layers/session/server/engine/store'
import type { Subject } from './samples'
import { A, ABSOLUTE, B, C, GUARD, IDLE, KEYS, NOW, keysOf, meta, owned } from './samples'

/** What holds for the sweep of what has ended. */
export function describeSweeping(driver: Subject) {
  describe('sweep', () => {
    it('deletes what ended by then, on either clock, and nothing that lives', async () => {
      await driver().create(A, 'idle', meta())
      await driver().create(B, 'absolute', meta({ idleTimeout: ABSOLUTE, expiresAt: NOW + IDLE }))
      await driver().create(C, 'alive', meta({ lastSeenAt: NOW + 1 }))
      expect(await driver().sweep(NOW + IDLE - 1, 10)).toBe(0)
      expect(await driver().sweep(NOW + IDLE, 10)).toBe(2)
      expect(await driver().read(A)).toBeNull()
      expect(await driver().read(C)).toMatchObject({ value: 'alive' })
    })

    it('takes at most so many at a time', async () => {
      for (const key of KEYS.slice(0, 7)) await driver().create(key, 'value', meta())
      const later = NOW + ABSOLUTE
      expect([await driver().sweep(later, 3), await driver().sweep(later, 3), await driver().sweep(later, 3)]).toEqual([3, 3, 1])
    })

    it('spares what was touched in time, and only that (F12)', async () => {
      for (const key of [A, B]) await driver().create(key, 'value', meta())
      expect(await Promise.all([driver().touch(A, NOW + IDLE - 1), driver().touch(B, NOW + IDLE), driver().sweep(NOW + IDLE, 10)])).toEqual([true, false, 1])
      expect(await driver().read(A)).toMatchObject({ lastSeenAt: NOW + IDLE - 1 })
      expect(await driver().touch(B, NOW + IDLE - 1)).toBe(false)
    })

    it('takes an owner\'s record out of the list', async () => {
      await driver().enrol(A, 'value', owned('ada'), GUARD)
      await driver().sweep(NOW + ABSOLUTE, 10)
      expect(await driver().listByOwner('ada')).toEqual([])
    })

    it.each([['somebody\'s', TOMBSTONE_LIFETIME], ['nobody\'s', ANONYMOUS_TOMBSTONE_LIFETIME]])('leaves %s tombstone to the end of its time (K10)', async (whose, lifetime) => {
      if (whose === 'nobody\'s') await driver().create(A, 'value', meta())
      else await driver().enrol(A, 'value', owned('ada'), GUARD)
      await driver().remove(A, NOW, 'signed_out')
      await driver().sweep(NOW + lifetime - 1, 10)
      expect(await driver().create(A, 'again', meta())).toBe(false)
      expect(await driver().sweep(NOW + lifetime, 10)).toBe(1)
      expect(await driver().endOf(A)).toBeNull()
    })

    it('leaves a removal of all in force to the end of its time', async () => {
      const since = { ...GUARD, startedAt: NOW }
      await driver().removeByOwner('ada', NOW)
      await driver().sweep(NOW + REVOCATION_LIFETIME - 1, 10)
      expect((await driver().enrol(A, 'value', owned('ada'), since)).outcome).toBe('revoked')
    })
  })
}

/** What holds for the sweep of what is too much. */
export function describeTrimming(driver: Subject) {
  describe('trimAnonymous', () => {
    it('deletes the oldest without an owner that are over the limit, at most so many (K10)', async () => {
      for (const [index, key] of KEYS.slice(0, 8).entries()) await driver().create(key, 'value', meta({ createdAt: NOW + index }))
      await driver().enrol(KEYS[9]!, 'value', owned('ada', { createdAt: NOW - 5 }), GUARD)
      expect(await driver().trimAnonymous(8, 10)).toBe(0)
      expect(await driver().trimAnonymous(3, 4)).toBe(4)
      expect(await driver().trimAnonymous(3, 4)).toBe(1)
      expect(await driver().trimAnonymous(3, 4)).toBe(0)
      const left = await Promise.all(KEYS.slice(0, 10).map(key => driver().read(key)))
      expect(left.map(Boolean)).toEqual([false, false, false, false, false, true, true, true, false, true])
    })

    it('never takes a session whose owner has just signed in (K10)', async () => {
      for (const key of KEYS) await driver().create(key, 'anonymous', meta())
      await Promise.all([
        ...KEYS.map(key => driver().enrol(key, 'value', owned(`owner of ${key}`), GUARD, 1)),
        driver().trimAnonymous(0, KEYS.length),
      ])
      for (const key of KEYS) {
        const owned = await keysOf(driver(), `owner of ${key}`)
        expect((await driver().read(key))?.value).toBe(owned.length > 0 ? 'value' : undefined)
      }
    })

    it('does not count what was signed in, signed out or dropped', async () => {
      for (const key of KEYS.slice(0, 6)) await driver().create(key, 'anonymous', meta())
      await driver().enrol(KEYS[0]!, 'value', owned('ada'), GUARD, 1)
      await driver().remove(KEYS[1]!, NOW, 'signed_out')
      await driver().removeItem!(KEYS[2]!, {})
      expect(await driver().trimAnonymous(3, 10)).toBe(0)
      expect(await driver().trimAnonymous(2, 10)).toBe(1)
    })
  })
}
