import { describe, expect, it } from 'vitest'
import type { OwnerGuard } from '../../../layers/session/server/engine/store'
import type { Subject } from './samples'
import { A, B, C, GUARD, IDLE, KEYS, NOW, keysOf, meta, owned } from './samples'

/** What holds for all records of one owner: enrol, listByOwner, removeByOwner. */
export function describeOwners(driver: Subject) {
  describe('enrol', () => {
    it('creates an owner\'s record', async () => {
      expect(await driver().enrol(A, 'value', owned('ada'), GUARD)).toEqual({ outcome: 'written', evicted: [] })
      expect(await driver().read(A)).toMatchObject({ value: 'value', version: 1, lastSeenAt: NOW })
      expect(await keysOf(driver(), 'ada')).toEqual([A])
    })

    it('refuses to create where a record or a tombstone stands', async () => {
      await driver().create(A, 'first', meta())
      expect(await driver().enrol(A, 'value', owned('ada'), GUARD)).toEqual({ outcome: 'exists', evicted: [] })
      await driver().remove(A, NOW, 'signed_out')
      expect(await driver().enrol(A, 'value', owned('ada'), GUARD)).toEqual({ outcome: 'exists', evicted: [] })
      expect(await driver().listByOwner('ada')).toEqual([])
    })

    it('makes a record somebody\'s, and somebody else\'s later', async () => {
      await driver().create(A, 'first', meta())
      expect(await driver().enrol(A, 'second', owned('ada', { lastSeenAt: NOW + 5 }), GUARD, 1)).toMatchObject({ outcome: 'written' })
      expect(await driver().enrol(A, 'third', owned('bob'), GUARD, 2)).toMatchObject({ outcome: 'written' })
      expect(await driver().read(A)).toMatchObject({ value: 'third', version: 3 })
      expect(await keysOf(driver(), 'ada')).toEqual([])
      expect(await keysOf(driver(), 'bob')).toEqual([A])
    })

    it('answers conflict at another version and gone where nothing is, and writes nothing', async () => {
      await driver().create(A, 'first', meta())
      expect(await driver().enrol(A, 'second', owned('ada'), GUARD, 2)).toEqual({ outcome: 'conflict', evicted: [] })
      expect(await driver().enrol(B, 'second', owned('ada'), GUARD, 1)).toEqual({ outcome: 'gone', evicted: [] })
      await driver().remove(A, NOW, 'signed_out')
      expect(await driver().enrol(A, 'second', owned('ada'), GUARD, 1)).toEqual({ outcome: 'gone', evicted: [] })
      expect(await driver().listByOwner('ada')).toEqual([])
    })

    it('evicts the owner\'s oldest at the limit, and leaves its tombstone', async () => {
      for (const [index, key] of [A, B, C].entries()) await driver().enrol(key, 'value', owned('ada', { createdAt: NOW + index }), GUARD)
      await driver().enrol(KEYS[3]!, 'value', owned('bob'), GUARD)
      const outcome = await driver().enrol(KEYS[4]!, 'value', owned('ada', { createdAt: NOW + 9 }), { ...GUARD, max: 2 })
      expect(outcome.outcome).toBe('written')
      expect([...outcome.evicted].toSorted()).toEqual([A, B])
      expect(await keysOf(driver(), 'ada')).toEqual([KEYS[4], C])
      expect(await keysOf(driver(), 'bob')).toEqual([KEYS[3]])
      expect(await driver().endOf(A)).toMatchObject({ reason: 'evicted' })
    })

    it('or refuses at the limit and changes nothing', async () => {
      await driver().enrol(A, 'value', owned('ada'), GUARD)
      await driver().create(B, 'anonymous', meta())
      const guard: OwnerGuard = { ...GUARD, max: 1, policy: 'reject' }
      expect(await driver().enrol(B, 'value', owned('ada'), guard, 1)).toEqual({ outcome: 'full', evicted: [] })
      expect(await driver().enrol(C, 'value', owned('ada'), guard)).toEqual({ outcome: 'full', evicted: [] })
      expect(await driver().read(B)).toMatchObject({ value: 'anonymous', version: 1 })
      expect(await driver().enrol(A, 'again', owned('ada'), guard, 1)).toEqual({ outcome: 'written', evicted: [] })
    })

    it('evicts nobody for a record that it does not write', async () => {
      await driver().enrol(A, 'value', owned('ada'), GUARD)
      await driver().create(B, 'anonymous', meta())
      const guard = { ...GUARD, max: 1 }
      expect(await driver().enrol(B, 'value', owned('ada'), guard, 7)).toEqual({ outcome: 'conflict', evicted: [] })
      expect(await driver().enrol(C, 'value', owned('ada'), guard, 1)).toEqual({ outcome: 'gone', evicted: [] })
      expect(await driver().enrol(B, 'value', owned('ada'), guard)).toEqual({ outcome: 'exists', evicted: [] })
      expect(await keysOf(driver(), 'ada')).toEqual([A])
    })

    it('counts only records that live at that time', async () => {
      await driver().enrol(A, 'ended', owned('ada', { createdAt: NOW - IDLE, lastSeenAt: NOW - IDLE }), GUARD)
      expect(await driver().enrol(B, 'value', owned('ada'), { ...GUARD, max: 1, policy: 'reject' })).toEqual({ outcome: 'written', evicted: [] })
      expect(await driver().enrol(C, 'value', owned('ada'), { ...GUARD, max: 1, policy: 'reject' })).toEqual({ outcome: 'full', evicted: [] })
    })

    it('never exceeds the limit, however many come at once (F14)', async () => {
      const outcomes = await Promise.all(KEYS.map((key, i) => driver().enrol(key, 'value', owned('ada', { createdAt: NOW + i }), { ...GUARD, max: 5 })))
      expect(outcomes.every(({ outcome }) => outcome === 'written')).toBe(true)
      expect(await keysOf(driver(), 'ada')).toHaveLength(5)
    })

    it('never exceeds the limit by refusal either', async () => {
      const outcomes = await Promise.all(KEYS.map(key => driver().enrol(key, 'value', owned('ada'), { ...GUARD, max: 5, policy: 'reject' })))
      expect(outcomes.filter(({ outcome }) => outcome === 'written')).toHaveLength(5)
      expect(outcomes.filter(({ outcome }) => outcome === 'full')).toHaveLength(KEYS.length - 5)
      expect(await keysOf(driver(), 'ada')).toHaveLength(5)
    })

    it('has one winner of many at once, whose session stays in its owner\'s list (F10)', async () => {
      await driver().create(A, 'anonymous', meta())
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => driver().enrol(A, 'value', owned('ada'), GUARD, 1)))
      expect(outcomes.filter(({ outcome }) => outcome === 'written')).toHaveLength(1)
      expect(await keysOf(driver(), 'ada')).toEqual([A])
      expect(await driver().removeByOwner('ada', NOW)).toEqual([A])
    })

    it('of one record for several owners at once gives it to one, and the others can neither see nor end it (F10)', async () => {
      await driver().create(A, 'anonymous', meta())
      const owners = ['ada', 'bob', 'cyd', 'dan']
      const outcomes = await Promise.all(owners.map(owner => driver().enrol(A, owner, owned(owner), GUARD, 1)))
      const winner = owners[outcomes.findIndex(({ outcome }) => outcome === 'written')]!
      for (const loser of owners.filter(owner => owner !== winner)) {
        expect(await driver().listByOwner(loser)).toEqual([])
        expect(await driver().removeByOwner(loser, NOW)).toEqual([])
      }
      expect(await driver().read(A)).toMatchObject({ value: winner, version: 2 })
      expect(await keysOf(driver(), winner)).toEqual([A])
    })

    it('leaves nothing alive beside a removal of all at the same time, whichever comes first', async () => {
      const since = { ...GUARD, startedAt: NOW }
      for (const key of KEYS.slice(0, 5)) await driver().create(key, 'anonymous', meta())
      const [outcomes] = await Promise.all([
        Promise.all(KEYS.slice(0, 10).map((key, i) => driver().enrol(key, 'value', owned('ada'), since, i < 5 ? 1 : undefined))),
        driver().removeByOwner('ada', NOW),
      ])
      expect(await driver().listByOwner('ada')).toEqual([])
      for (const { outcome } of outcomes) expect(['written', 'revoked', 'gone', 'exists']).toContain(outcome)
      const values = await Promise.all(KEYS.slice(0, 10).map(async key => (await driver().read(key))?.value))
      expect(values).not.toContain('value')
    })

    it('is defeated by a removal of all at or after it began, and by none before', async () => {
      await driver().create(A, 'anonymous', meta())
      await driver().removeByOwner('ada', NOW + 10)
      expect(await driver().enrol(A, 'value', owned('ada'), { ...GUARD, startedAt: NOW + 9 }, 1)).toEqual({ outcome: 'revoked', evicted: [] })
      expect(await driver().enrol(B, 'value', owned('ada'), { ...GUARD, startedAt: NOW + 10 })).toEqual({ outcome: 'revoked', evicted: [] })
      expect(await driver().enrol(C, 'value', owned('bob'), { ...GUARD, startedAt: NOW })).toMatchObject({ outcome: 'written' })
      expect(await driver().enrol(B, 'value', owned('ada'), { ...GUARD, startedAt: NOW + 11 })).toMatchObject({ outcome: 'written' })
      expect(await driver().read(A)).toMatchObject({ value: 'anonymous', version: 1 })
    })
  })

  describe('by owner', () => {
    it('lists newest first, with what read would give', async () => {
      await driver().enrol(A, 'old', owned('ada', { createdAt: NOW }), GUARD)
      await driver().enrol(B, 'new', owned('ada', { createdAt: NOW + 2 }), GUARD)
      await driver().enrol(C, 'middle', owned('ada', { createdAt: NOW + 1, lastSeenAt: NOW + 7 }), GUARD)
      const list = await driver().listByOwner('ada')
      expect(list.map(({ key }) => key)).toEqual([B, C, A])
      expect(list[1]).toMatchObject({ key: C, value: 'middle', version: 1, lastSeenAt: NOW + 7 })
    })

    it('knows owners by their exact text', async () => {
      const owners = ['ada', 'Ada', 'ada ', 'a%', 'a_a', 'a:b', '*', '{ada}', 'constructor', '__proto__', '😀', '\0', 'x'.repeat(500)]
      for (const [index, owner] of owners.entries()) await driver().enrol(KEYS[index]!, owner, owned(owner), GUARD)
      for (const [index, owner] of owners.entries()) expect(await keysOf(driver(), owner), JSON.stringify(owner)).toEqual([KEYS[index]])
      expect(await keysOf(driver(), 'a')).toEqual([])
    })

    it('removes all but one, answers which, and leaves their tombstones', async () => {
      for (const key of [A, B, C]) await driver().enrol(key, 'value', owned('ada'), GUARD)
      await driver().enrol(KEYS[3]!, 'value', owned('bob'), GUARD)
      expect((await driver().removeByOwner('ada', NOW + 1, B)).toSorted()).toEqual([A, C])
      expect(await keysOf(driver(), 'ada')).toEqual([B])
      expect(await driver().endOf(C)).toEqual({ reason: 'revoked', at: NOW + 1 })
      expect(await driver().removeByOwner('ada', NOW + 1)).toEqual([B])
      expect(await driver().removeByOwner('nobody', NOW)).toEqual([])
      expect(await keysOf(driver(), 'bob')).toEqual([KEYS[3]])
    })

    it('forgets a removed record', async () => {
      await driver().enrol(A, 'value', owned('ada'), GUARD)
      await driver().remove(A, NOW, 'signed_out')
      expect(await driver().listByOwner('ada')).toEqual([])
    })
  })
}
