import { describe, expect, it } from 'vitest'
import {
  ConnectionLimits, maxOpenFiles, roomForConnections,
} from '../../../packages/nuxt-cloakroom/src/runtime/server/live/connection-limits'
import type { ConnectionPlace } from '../../../packages/nuxt-cloakroom/src/runtime/server/live/connection-limits'

describe('ConnectionLimits', () => {
  const take = (limits: ConnectionLimits, address: string | null) => limits.take(address) as ConnectionPlace

  it('gives one address so many places, and others theirs', () => {
    const limits = new ConnectionLimits({ max: 10, maxPerAddress: 2 })
    const places = ['a', 'a', 'a', 'b', null, null, null].map(address => limits.take(address))
    expect(places.map(place => typeof place === 'string' ? place : 'place')).toEqual([
      'place', 'place', 'full_for_address', 'place', 'place', 'place', 'place',
    ])
  })

  it('gives no more places than there are, to whomever', () => {
    const limits = new ConnectionLimits({ max: 2, maxPerAddress: 2 })
    const [first] = [take(limits, null), take(limits, 'a')]
    expect([limits.take('b'), limits.take(null)]).toEqual(['full', 'full'])
    first!.release()
    expect(limits.take('b')).toBeTypeOf('object')
  })

  it('gives a place free once, however often it is released', () => {
    const limits = new ConnectionLimits({ max: 2, maxPerAddress: 1 })
    const place = take(limits, 'a')
    take(limits, 'b')
    place.release()
    place.release()
    take(limits, 'a')
    expect([limits.take('c'), limits.take('a')]).toEqual(['full', 'full'])
  })

  it('gives at most half of the connections that the server accepts', () => {
    const limits = new ConnectionLimits({ max: 10, maxPerAddress: 10 })
    const places = [1, 2, 3].map(() => limits.take(null, 5))
    expect(places.map(place => typeof place === 'string' ? place : 'place')).toEqual(['place', 'place', 'full'])
    expect(limits.take(null, 100)).toBeTypeOf('object')
  })
})

describe('roomForConnections', () => {
  it.each([
    [5000, [undefined], 5000],
    [5000, [20_000], 5000],
    [5000, [1024], 512],
    [5000, [1024, 300], 150],
    [5000, [1], 1],
  ])('is %i with %j, at most half of what there is', (configured, available, expected) => {
    expect(roomForConnections(configured, available)).toBe(expected)
  })
})

describe('maxOpenFiles', () => {
  it.runIf(process.platform === 'linux')('is what the system says', () => {
    expect(maxOpenFiles()).toBeGreaterThan(0)
  })
})
