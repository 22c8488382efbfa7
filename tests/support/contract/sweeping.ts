import { describe, expect, it } from 'vitest'
import {
  ANONYMOUS_TOMBSTONE_LIFETIME_MS, REVOCATION_LIFETIME_MS, TOMBSTONE_LIFETIME_MS,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import type { CurrentDriver } from './samples'
import { A, ABSOLUTE, B, C, IDLE, KEYS, LIMIT, NOW, keysOf, meta, userMeta } from './samples'

/** The contract of `sweep`. */
export function describeSweeping(driver: CurrentDriver) {
  describe('sweep', () => {
    it('deletes records that reached the idle timeout or the absolute expiry, and no active record', async () => {
      await driver().create(A, 'idle', meta())
      await driver().create(B, 'absolute', meta({ idleTimeout: ABSOLUTE, expiresAt: NOW + IDLE }))
      await driver().create(C, 'active', meta({ lastSeenAt: NOW + 1 }))
      expect(await driver().sweep(NOW + IDLE - 1, 10)).toBe(0)
      expect(await driver().sweep(NOW + IDLE, 10)).toBe(2)
      expect(await driver().read(A)).toBeNull()
      expect(await driver().read(C)).toMatchObject({ value: 'active' })
    })

    it('deletes at most `limit` records', async () => {
      for (const key of KEYS.slice(0, 7)) await driver().create(key, 'value', meta())
      const counts = []
      for (let call = 0; call < 3; call++) counts.push(await driver().sweep(NOW + ABSOLUTE, 3))
      expect(counts).toEqual([3, 3, 1])
    })

    it('keeps a record that was touched in time, and only that one', async () => {
      for (const key of [A, B]) await driver().create(key, 'value', meta())
      const touchInTime = driver().touch(A, NOW + IDLE - 1)
      const touchTooLate = driver().touch(B, NOW + IDLE)
      const outcomes = await Promise.all([touchInTime, touchTooLate, driver().sweep(NOW + IDLE, 10)])
      expect(outcomes).toEqual([true, false, 1])
      expect(await driver().read(A)).toMatchObject({ lastSeenAt: NOW + IDLE - 1 })
      expect(await driver().touch(B, NOW + IDLE - 1)).toBe(false)
    })

    it('removes a deleted record from the list of its user', async () => {
      await driver().assignUser(A, 'value', userMeta('ada'), LIMIT)
      await driver().sweep(NOW + ABSOLUTE, 10)
      expect(await driver().listByUser('ada')).toEqual([])
    })

    it.each([
      ['a user', 'ada', TOMBSTONE_LIFETIME_MS],
      ['an anonymous visitor', null, ANONYMOUS_TOMBSTONE_LIFETIME_MS],
    ])('keeps the tombstone of a session of %s until its lifetime ends', async (_who, userId, lifetime) => {
      if (userId === null) await driver().create(A, 'value', meta())
      else await driver().assignUser(A, 'value', userMeta(userId), LIMIT)
      await driver().remove(A, NOW, 'signed_out')
      await driver().sweep(NOW + lifetime - 1, 10)
      expect(await driver().create(A, 'again', meta())).toBe(false)
      expect(await driver().sweep(NOW + lifetime, 10)).toBe(1)
      expect(await driver().readTombstone(A)).toBeNull()
    })

    it('keeps the revocation of all sessions of a user until its lifetime ends', async () => {
      await driver().removeByUser('ada', NOW)
      await driver().sweep(NOW + REVOCATION_LIFETIME_MS - 1, 10)
      const signIn = await driver().assignUser(A, 'value', userMeta('ada'), { ...LIMIT, startedAt: NOW })
      expect(signIn.outcome).toBe('revoked')
    })
  })
}

/** The contract of `trimAnonymous`. */
export function describeTrimming(driver: CurrentDriver) {
  describe('trimAnonymous', () => {
    it('deletes the oldest anonymous records over the maximum, at most `limit`', async () => {
      for (const [index, key] of KEYS.slice(0, 8).entries()) {
        await driver().create(key, 'value', meta({ createdAt: NOW + index }))
      }
      await driver().assignUser(KEYS[9]!, 'value', userMeta('ada', { createdAt: NOW - 5 }), LIMIT)
      expect(await driver().trimAnonymous(8, 10)).toBe(0)
      expect(await driver().trimAnonymous(3, 4)).toBe(4)
      expect(await driver().trimAnonymous(3, 4)).toBe(1)
      expect(await driver().trimAnonymous(3, 4)).toBe(0)
      const remaining = await Promise.all(KEYS.slice(0, 10).map(key => driver().read(key)))
      const isKept = remaining.map(Boolean)
      expect(isKept).toEqual([false, false, false, false, false, true, true, true, false, true])
    })

    it('never deletes a session that is assigned to a user at the same time', async () => {
      for (const key of KEYS) await driver().create(key, 'anonymous', meta())
      await Promise.all([
        ...KEYS.map(key => driver().assignUser(key, 'value', userMeta(`user of ${key}`), LIMIT, 1)),
        driver().trimAnonymous(0, KEYS.length),
      ])
      for (const key of KEYS) {
        const isListed = (await keysOf(driver(), `user of ${key}`)).length > 0
        expect((await driver().read(key))?.value).toBe(isListed ? 'value' : undefined)
      }
    })

    it('does not count sessions that were assigned to a user, removed or deleted', async () => {
      for (const key of KEYS.slice(0, 6)) await driver().create(key, 'anonymous', meta())
      await driver().assignUser(KEYS[0]!, 'value', userMeta('ada'), LIMIT, 1)
      await driver().remove(KEYS[1]!, NOW, 'signed_out')
      await driver().removeItem!(KEYS[2]!, {})
      expect(await driver().trimAnonymous(3, 10)).toBe(0)
      expect(await driver().trimAnonymous(2, 10)).toBe(1)
    })
  })
}
