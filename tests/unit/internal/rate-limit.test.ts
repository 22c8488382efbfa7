import { beforeEach, describe, expect, it } from 'vitest'
import { RateLimit } from '../../../layers/session/server/internal/rate-limit'

let now: number
let limit: RateLimit

beforeEach(() => {
  now = 1_800_000_000_000
  limit = new RateLimit({ most: 3, within: 60_000, clock: () => now })
})

const takeAll = (key: string) => [limit.take(key), limit.take(key), limit.take(key)]

describe('RateLimit', () => {
  it('lets so many through, and tells the next how long to wait', () => {
    expect(takeAll('a')).toEqual([0, 0, 0])
    now += 20_000
    expect(limit.take('a')).toBe(40_000)
  })

  it('opens again at the window\'s end, and not before, however often it is asked', () => {
    takeAll('a')
    now += 59_999
    expect(limit.take('a')).toBe(1)
    now += 1
    expect(takeAll('a')).toEqual([0, 0, 0])
    expect(limit.take('a')).toBe(60_000)
  })

  it('counts each key apart', () => {
    takeAll('a')
    expect(limit.take('b')).toBe(0)
  })

  it('can be asked without counting', () => {
    expect([1, 2, 3, 4].map(() => limit.wait('a'))).toEqual([0, 0, 0, 0])
    takeAll('a')
    expect(limit.wait('a')).toBe(60_000)
  })

  it('takes back what was counted, and never more than that', () => {
    takeAll('a')
    limit.giveBack('a')
    expect([limit.take('a'), limit.take('a')]).toEqual([0, 60_000])
    limit.giveBack('b')
    expect([takeAll('b'), limit.take('b')]).toEqual([[0, 0, 0], 60_000])
  })

  it('takes nothing back into a window that has ended', () => {
    takeAll('a')
    now += 60_000
    limit.giveBack('a')
    expect([takeAll('a'), limit.take('a')]).toEqual([[0, 0, 0], 60_000])
  })

  it('forgets those that were quiet longest when there are too many, and refuses nobody for it', () => {
    takeAll('first')
    takeAll('busy')
    for (let i = 0; i < 9_999; i++) limit.take(`other-${i}`)
    limit.wait('busy')
    expect(limit.wait('first')).toBe(0)
    for (let i = 0; i < 9_999; i++) expect(limit.take(`flood-${i}`)).toBe(0)
    expect(limit.wait('busy')).toBe(60_000)
  })
})
