import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { beforeEach, describe, expect, it } from 'vitest'
import { RateLimit } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/rate-limit'

let now: number
let limit: RateLimit

beforeEach(() => {
  now = 1_800_000_000_000
  limit = new RateLimit({ max: 3, window: 60_000, clock: () => now })
})

const takeAll = (key: string) => [limit.take(key), limit.take(key), limit.take(key)]

describe('RateLimit', () => {
  it('allows as many as the limit, and returns for the next how long to wait', () => {
    expect(takeAll('a')).toEqual([0, 0, 0])
    now += 20_000
    expect(limit.take('a')).toBe(40_000)
  })

  it('allows more from the end of the window, which further attempts do not move', () => {
    takeAll('a')
    now += 59_999
    expect(limit.take('a')).toBe(1)
    now += 1
    expect(takeAll('a')).toEqual([0, 0, 0])
    expect(limit.take('a')).toBe(60_000)
  })

  it('counts each key separately', () => {
    takeAll('a')
    expect(limit.take('b')).toBe(0)
  })

  it('returns the time to wait without counting', () => {
    expect([1, 2, 3, 4].map(() => limit.wait('a'))).toEqual([0, 0, 0, 0])
    takeAll('a')
    expect(limit.wait('a')).toBe(60_000)
  })

  it('refunds what was counted, and never more than that', () => {
    takeAll('a')
    limit.refund('a')
    expect([limit.take('a'), limit.take('a')]).toEqual([0, 60_000])
    limit.refund('b')
    expect([takeAll('b'), limit.take('b')]).toEqual([[0, 0, 0], 60_000])
  })

  it('refunds nothing to a window that has ended', () => {
    takeAll('a')
    now += 60_000
    limit.refund('a')
    expect([takeAll('a'), limit.take('a')]).toEqual([[0, 0, 0], 60_000])
  })

  it('forgets the least recently used keys when there are too many, and refuses no other key because of it', () => {
    takeAll('first')
    takeAll('busy')
    for (let i = 0; i < 9_999; i++) limit.take(`other-${i}`)
    limit.wait('busy')
    expect(limit.wait('first')).toBe(0)
    for (let i = 0; i < 9_999; i++) expect(limit.take(`flood-${i}`)).toBe(0)
    expect(limit.wait('busy')).toBe(60_000)
  })

  it('counts long keys separately, also those that differ in a lone surrogate only', () => {
    const [first, second] = ['\uD800', '\uD801'].map(end => 'x'.repeat(16_000) + end)
    takeAll(first!)
    expect([limit.take(first!), limit.take(second!)]).toEqual([60_000, 0])
    takeAll('\uD800')
    expect([limit.take('\uD800'), limit.take('\uD801')]).toEqual([60_000, 0])
  })

  it.each([
    ['long keys', (text: string) => text],
    ['keys that were cut out of a long header', (text: string) => text.slice(0, 20)],
  ])('does not keep %s in memory', (_kind, keyOf) => {
    const header = (i: number) => Buffer.from(`key ${i} `.padEnd(16_000, 'x')).toString('latin1')
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 2000; i++) limit.take(keyOf(header(i)))
    collectGarbage()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000)
    expect(limit.wait(keyOf(header(0)))).toBe(0) // Keeps the keys in use until here.
  })
})

function collectGarbage() {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
}
