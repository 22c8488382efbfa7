import { describe, expect, it } from 'vitest'
import type { UserLimit } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/store'
import type { CurrentDriver } from './samples'
import { A, ABSOLUTE, B, C, IDLE, KEYS, LIMIT, NOW, keysOf, meta, userMeta } from './samples'

const REJECT_SECOND: UserLimit = { ...LIMIT, max: 1, policy: 'reject' }

/** The contract for all records of one user: assignUser, listByUser, removeByUser. */
export function describeUsers(driver: CurrentDriver) {
  const assign = (
    key: string,
    value: string,
    userId: string,
    limit: UserLimit = LIMIT,
    expectedVersion?: number,
  ) => driver().assignUser(key, value, userMeta(userId), limit, expectedVersion)

  /** Creates a session of ada, `age` milliseconds after the others. */
  const assignToAda = (key: string, age: number, limit: UserLimit = LIMIT) =>
    driver().assignUser(key, 'value', userMeta('ada', { createdAt: NOW + age }), limit)

  describe('assignUser', () => {
    it('creates a record of a user', async () => {
      expect(await assign(A, 'value', 'ada')).toEqual({ outcome: 'written', evicted: [] })
      expect(await driver().read(A)).toMatchObject({ value: 'value', version: 1, lastSeenAt: NOW })
      expect(await keysOf(driver(), 'ada')).toEqual([A])
    })

    it('creates no record where there is a record or a tombstone', async () => {
      await driver().create(A, 'first', meta())
      expect(await assign(A, 'value', 'ada')).toEqual({ outcome: 'exists', evicted: [] })
      await driver().remove(A, NOW, 'signed_out')
      expect(await assign(A, 'value', 'ada')).toEqual({ outcome: 'exists', evicted: [] })
      expect(await driver().listByUser('ada')).toEqual([])
    })

    it('assigns an anonymous record to a user, and later to another user', async () => {
      await driver().create(A, 'first', meta())
      const later = userMeta('ada', { lastSeenAt: NOW + 5 })
      expect(await driver().assignUser(A, 'second', later, LIMIT, 1)).toMatchObject({ outcome: 'written' })
      expect(await assign(A, 'third', 'bob', LIMIT, 2)).toMatchObject({ outcome: 'written' })
      expect(await driver().read(A)).toMatchObject({ value: 'third', version: 3 })
      expect(await keysOf(driver(), 'ada')).toEqual([])
      expect(await keysOf(driver(), 'bob')).toEqual([A])
    })

    it('restarts the idle clock, also if the record was last seen by a clock that is ahead', async () => {
      await driver().create(A, 'first', meta({ lastSeenAt: NOW + 5 }))
      await assign(A, 'second', 'ada', LIMIT, 1)
      expect(await driver().read(A)).toMatchObject({ value: 'second', lastSeenAt: NOW })
    })

    it('returns conflict for another version and gone for a missing record, and writes nothing', async () => {
      await driver().create(A, 'first', meta())
      expect(await assign(A, 'second', 'ada', LIMIT, 2)).toEqual({ outcome: 'conflict', evicted: [] })
      expect(await assign(B, 'second', 'ada', LIMIT, 1)).toEqual({ outcome: 'gone', evicted: [] })
      await driver().remove(A, NOW, 'signed_out')
      expect(await assign(A, 'second', 'ada', LIMIT, 1)).toEqual({ outcome: 'gone', evicted: [] })
      expect(await driver().listByUser('ada')).toEqual([])
    })

    it('evicts the oldest sessions of the user at the limit, and leaves their tombstones', async () => {
      for (const [index, key] of [A, B, C].entries()) await assignToAda(key, index)
      await assign(KEYS[3]!, 'value', 'bob')
      const { outcome, evicted } = await assignToAda(KEYS[4]!, 9, { ...LIMIT, max: 2 })
      expect(outcome).toBe('written')
      expect([...evicted].toSorted()).toEqual([A, B])
      expect(await keysOf(driver(), 'ada')).toEqual([KEYS[4], C])
      expect(await keysOf(driver(), 'bob')).toEqual([KEYS[3]])
      expect(await driver().readTombstone(A)).toMatchObject({ reason: 'evicted' })
    })

    it('changes nothing at the limit if the policy is reject', async () => {
      await assign(A, 'value', 'ada')
      await driver().create(B, 'anonymous', meta())
      expect(await assign(B, 'value', 'ada', REJECT_SECOND, 1)).toEqual({ outcome: 'full', evicted: [] })
      expect(await assign(C, 'value', 'ada', REJECT_SECOND)).toEqual({ outcome: 'full', evicted: [] })
      expect(await driver().read(B)).toMatchObject({ value: 'anonymous', version: 1 })
      expect(await assign(A, 'again', 'ada', REJECT_SECOND, 1)).toEqual({ outcome: 'written', evicted: [] })
    })

    it('evicts no session if it does not write', async () => {
      await assign(A, 'value', 'ada')
      await driver().create(B, 'anonymous', meta())
      const limit = { ...LIMIT, max: 1 }
      expect(await assign(B, 'value', 'ada', limit, 7)).toEqual({ outcome: 'conflict', evicted: [] })
      expect(await assign(C, 'value', 'ada', limit, 1)).toEqual({ outcome: 'gone', evicted: [] })
      expect(await assign(B, 'value', 'ada', limit)).toEqual({ outcome: 'exists', evicted: [] })
      expect(await keysOf(driver(), 'ada')).toEqual([A])
    })

    it('counts only sessions that are active at that time', async () => {
      const expired = userMeta('ada', { createdAt: NOW - IDLE, lastSeenAt: NOW - IDLE })
      await driver().assignUser(A, 'expired', expired, LIMIT)
      expect(await assign(B, 'value', 'ada', REJECT_SECOND)).toEqual({ outcome: 'written', evicted: [] })
      expect(await assign(C, 'value', 'ada', REJECT_SECOND)).toEqual({ outcome: 'full', evicted: [] })
    })

    it('never exceeds the limit when many parallel sign-ins evict', async () => {
      const outcomes = await Promise.all(KEYS.map((key, i) => assignToAda(key, i, { ...LIMIT, max: 5 })))
      expect(outcomes.every(({ outcome }) => outcome === 'written')).toBe(true)
      expect(await keysOf(driver(), 'ada')).toHaveLength(5)
    })

    it('never exceeds the limit when many parallel sign-ins are rejected', async () => {
      const limit: UserLimit = { ...LIMIT, max: 5, policy: 'reject' }
      const outcomes = await Promise.all(KEYS.map(key => assign(key, 'value', 'ada', limit)))
      expect(outcomes.filter(({ outcome }) => outcome === 'written')).toHaveLength(5)
      expect(outcomes.filter(({ outcome }) => outcome === 'full')).toHaveLength(KEYS.length - 5)
      expect(await keysOf(driver(), 'ada')).toHaveLength(5)
    })

    it('succeeds for exactly one of many parallel calls, whose session stays in the list of its user', async () => {
      await driver().create(A, 'anonymous', meta())
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => assign(A, 'value', 'ada', LIMIT, 1)))
      expect(outcomes.filter(({ outcome }) => outcome === 'written')).toHaveLength(1)
      expect(await keysOf(driver(), 'ada')).toEqual([A])
      expect(await driver().removeByUser('ada', NOW)).toEqual([A])
    })

    it('assigns one record to one of several users, and the others can neither list nor remove it', async () => {
      await driver().create(A, 'anonymous', meta())
      const userIds = ['ada', 'bob', 'cyd', 'dan']
      const outcomes = await Promise.all(userIds.map(userId => assign(A, userId, userId, LIMIT, 1)))
      const winner = userIds[outcomes.findIndex(({ outcome }) => outcome === 'written')]!
      for (const loser of userIds.filter(userId => userId !== winner)) {
        expect(await driver().listByUser(loser)).toEqual([])
        expect(await driver().removeByUser(loser, NOW)).toEqual([])
      }
      expect(await driver().read(A)).toMatchObject({ value: winner, version: 2 })
      expect(await keysOf(driver(), winner)).toEqual([A])
    })

    it('leaves no active session of a user whose sessions are all removed at the same time', async () => {
      const limit = { ...LIMIT, startedAt: NOW }
      const keys = KEYS.slice(0, 10)
      for (const key of keys.slice(0, 5)) await driver().create(key, 'anonymous', meta())
      const [outcomes] = await Promise.all([
        Promise.all(keys.map((key, i) => assign(key, 'value', 'ada', limit, i < 5 ? 1 : undefined))),
        driver().removeByUser('ada', NOW),
      ])
      expect(await driver().listByUser('ada')).toEqual([])
      for (const { outcome } of outcomes) expect(['written', 'revoked', 'gone', 'exists']).toContain(outcome)
      const values = await Promise.all(keys.map(async key => (await driver().read(key))?.value))
      expect(values).not.toContain('value')
    })

    it('fails if all sessions of the user were removed at or after its start, and not if that was before', async () => {
      await driver().create(A, 'anonymous', meta())
      await driver().removeByUser('ada', NOW + 10)
      const startedAt = (time: number) => ({ ...LIMIT, startedAt: time })
      expect(await assign(A, 'value', 'ada', startedAt(NOW + 9), 1)).toEqual({ outcome: 'revoked', evicted: [] })
      expect(await assign(B, 'value', 'ada', startedAt(NOW + 10))).toEqual({ outcome: 'revoked', evicted: [] })
      expect(await assign(C, 'value', 'bob', startedAt(NOW))).toMatchObject({ outcome: 'written' })
      expect(await assign(B, 'value', 'ada', startedAt(NOW + 11))).toMatchObject({ outcome: 'written' })
      expect(await driver().read(A)).toMatchObject({ value: 'anonymous', version: 1 })
    })
  })

  describe('listByUser and removeByUser', () => {
    it('list the newest first, with the same fields as read', async () => {
      await driver().assignUser(A, 'old', userMeta('ada', { createdAt: NOW }), LIMIT)
      await driver().assignUser(B, 'new', userMeta('ada', { createdAt: NOW + 2 }), LIMIT)
      await driver().assignUser(C, 'middle', userMeta('ada', { createdAt: NOW + 1, lastSeenAt: NOW + 7 }), LIMIT)
      const list = await driver().listByUser('ada')
      expect(list.map(({ key }) => key)).toEqual([B, C, A])
      expect(list[1]).toMatchObject({ key: C, value: 'middle', version: 1, lastSeenAt: NOW + 7 })
    })

    it('compare user ids exactly', async () => {
      const userIds = [
        'ada', 'Ada', 'ada ', 'a%', 'a_a', 'a:b', '*', '{ada}', 'constructor', '__proto__', '😀', '\0', 'x'.repeat(500),
      ]
      for (const [index, userId] of userIds.entries()) await assign(KEYS[index]!, userId, userId)
      for (const [index, userId] of userIds.entries()) {
        expect(await keysOf(driver(), userId), JSON.stringify(userId)).toEqual([KEYS[index]])
      }
      expect(await keysOf(driver(), 'a')).toEqual([])
    })

    it('remove all but one session, return the removed keys and leave their tombstones', async () => {
      for (const key of [A, B, C]) await assign(key, 'value', 'ada')
      await assign(KEYS[3]!, 'value', 'bob')
      expect((await driver().removeByUser('ada', NOW + 1, B)).toSorted()).toEqual([A, C])
      expect(await keysOf(driver(), 'ada')).toEqual([B])
      expect(await driver().readTombstone(C)).toEqual({ reason: 'revoked', removedAt: NOW + 1 })
      expect(await driver().removeByUser('ada', NOW + 1)).toEqual([B])
      expect(await driver().removeByUser('a user without sessions', NOW)).toEqual([])
      expect(await keysOf(driver(), 'bob')).toEqual([KEYS[3]])
    })

    it('remember a sign-out everywhere for as long as they are told', async () => {
      await assign(A, 'value', 'ada')
      expect(await driver().removeByUser('ada', NOW + 1, undefined, NOW + ABSOLUTE)).toEqual([A])
      expect(await assign(B, 'value', 'ada')).toEqual({ outcome: 'revoked', evicted: [] })
    })

    it('do not list a removed session', async () => {
      await assign(A, 'value', 'ada')
      await driver().remove(A, NOW, 'signed_out')
      expect(await driver().listByUser('ada')).toEqual([])
    })
  })

  describe('remove with a user', () => {
    it('removes only a record of this user', async () => {
      await assign(A, 'value', 'ada')
      for (const other of ['bob', 'ad', '', null]) {
        expect(await driver().remove(A, NOW, 'signed_out', other), JSON.stringify(other)).toBe(false)
      }
      expect(await driver().read(A)).toMatchObject({ value: 'value', version: 1 })
      expect(await driver().remove(A, NOW, 'signed_out', 'ada')).toBe(true)
      expect(await driver().readTombstone(A)).toMatchObject({ reason: 'signed_out' })
    })

    it('removes for null only a record of no user', async () => {
      await driver().create(A, 'value', meta())
      expect(await driver().remove(A, NOW, 'signed_out', 'ada')).toBe(false)
      expect(await driver().remove(A, NOW, 'signed_out', null)).toBe(true)
      expect(await driver().remove(A, NOW, 'signed_out', null)).toBe(false)
    })
  })
}
